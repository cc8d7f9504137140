from tracker.adapters.kafka.connection import KafkaConnection


def test_what_is_left_empty_is_not_told_to_the_client() -> None:
    settings = KafkaConnection("a:1, b:2").settings()
    assert settings["bootstrap_servers"] == ["a:1", "b:2"]
    assert settings["security_protocol"] == "PLAINTEXT"
    assert not [name for name in settings if name.startswith(("sasl", "ssl"))]


def test_sasl_and_tls_pass_through() -> None:
    connection = KafkaConnection(
        "a:1", "SASL_SSL", "SCRAM-SHA-512", "me", "hidden", "ca.pem", "cert.pem", "key.pem"
    )
    assert (
        connection.settings().items()
        >= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "me",
            "sasl_plain_password": "hidden",
            "ssl_cafile": "ca.pem",
            "ssl_certfile": "cert.pem",
            "ssl_keyfile": "key.pem",
        }.items()
    )


def test_the_password_is_not_in_what_is_logged_of_a_connection() -> None:
    assert "hidden" not in repr(KafkaConnection("a:1", sasl_password="hidden"))
