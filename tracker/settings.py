"""The configuration, read from environment variables once, when a program starts."""

import base64
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_KEY_BYTES = 32
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}/?")
_PACKAGE_DATA = Path(__file__).parent / "data" / "hanoi"


class MasterKeyError(ValueError):
    """The master key cannot be read, or is not 32 bytes in base64."""


class NoMasterKeyError(MasterKeyError):
    """No master key is set, and the data directory has none."""


class Settings(BaseSettings):
    """Every setting, named `TRACKER_` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="TRACKER_", env_file=None, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default=Path("var"),
        description="The directory of the embedded databases and the master key.",
    )
    store_url: str = Field(
        default="",
        description="The event store, `sqlite:///FILE` or `postgresql://…`. Default: a file in the"
        " data directory.",
    )
    views_url: str = Field(
        default="", description="The read models, likewise. Default: with the event store."
    )
    master_key: SecretStr | None = Field(
        default=None,
        description="32 bytes in base64 that encrypt the dossiers' keys. Default: a key file in the"
        " data directory.",
    )
    embedded: bool = Field(
        default=False,
        description="Keep the read models without Kafka although the store is on PostgreSQL.",
    )
    service_data: Path = Field(
        default=_PACKAGE_DATA, description="Offices, procedures and calendar changes, as CSV files."
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on.")
    public_url: str = Field(
        default="",
        description="The address of the service in links and QR codes: `https://HOST`. Default: the"
        " address that the service listens on.",
    )
    notices: Path | None = Field(
        default=None, description="A TOML file that says how to notify people and systems."
    )
    trusted_proxies: str = Field(
        default="",
        description="The proxies whose `X-Forwarded-For` and `-Proto` are trusted: addresses or"
        " networks, separated by commas. Default: none.",
    )
    lookups_per_code: int = Field(
        default=60,
        ge=0,
        description="Look-ups of one code from one address a minute. 0: no limit.",
    )
    lookups_per_network: int = Field(
        default=600,
        ge=0,
        description="Look-ups from one address (or IPv6 /64) a minute. 0: no limit.",
    )
    lookups_overall: int = Field(
        default=30_000,
        ge=0,
        description="Look-ups a minute here, after which an address gets its share. 0: no limit.",
    )
    tries_per_network: int = Field(
        default=10,
        ge=0,
        description="Tries of a phone's digits from one address a minute, after which each needs a"
        " proof of work. 0: no limit.",
    )
    tries_overall: int = Field(
        default=120,
        ge=0,
        description="Wrong tries a minute here, after which each needs one. 0: no limit.",
    )
    live_pages: int = Field(
        default=500, ge=0, description="The largest number of pages that wait for updates."
    )
    code_block_size: int = Field(
        default=100, ge=1, le=10_000, description="The dossier codes that are leased at once."
    )
    max_body_bytes: int = Field(
        default=5_000_000, ge=1_000, description="The largest request body, in bytes."
    )
    http_header_seconds: float = Field(
        default=20, gt=0, description="Timeout for the headers of a request."
    )
    http_body_seconds: float = Field(
        default=30, gt=0, description="Timeout for the body of a request."
    )
    http_idle_seconds: float = Field(
        default=5, gt=0, description="Timeout of an idle connection between two requests."
    )
    http_write_seconds: float = Field(
        default=30, gt=0, description="Timeout for a client that reads nothing of its response."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    kafka_servers: str = Field(
        default="",
        description="Kafka's `host:port`, separated by commas. Empty: no Kafka.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Kafka's security protocol."
    )
    kafka_sasl_mechanism: str = Field(
        default="", description="For a SASL protocol: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 …"
    )
    kafka_sasl_username: str = Field(default="", description="The user name for Kafka.")
    kafka_sasl_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    kafka_ca_file: str = Field(default="", description="PEM: the CA of the brokers.")
    kafka_cert_file: str = Field(default="", description="PEM: the client certificate.")
    kafka_key_file: str = Field(default="", description="PEM: its key.")
    kafka_topic_prefix: str = Field(
        default="tracker",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="The prefix of the topics' names, before a dot.",
    )
    kafka_partitions: int = Field(
        default=12,
        ge=1,
        le=1000,
        description="Partitions of the topics keyed by dossier. Never change it.",
    )
    kafka_replication: int = Field(
        default=1, ge=1, description="Replicas of a topic; 3 in production."
    )
    kafka_min_insync: int = Field(
        default=1, ge=1, description="Replicas that a commit waits for; 2 in production."
    )

    log_origin: str = Field(
        default="tracker.local/log",
        pattern=r"^[^\s+]{1,200}$",
        description="The name of the Merkle log, such as `center.example/log`. Never change it.",
    )
    log_key_file: Path | None = Field(
        default=None,
        description="The key that signs the log. Default: `log.key` in the data directory.",
    )
    log_checkpoint_file: Path | None = Field(
        default=None,
        description="Checkpoints are also appended to this file, on another machine's disk.",
    )
    log_witness_keys_file: Path | None = Field(
        default=None,
        description="The public keys of the witnesses whose cosignatures are accepted.",
    )
    log_checkpoint_seconds: float = Field(
        default=60, gt=0, description="The longest time between two checkpoints."
    )
    log_checkpoint_events: int = Field(
        default=10_000, ge=1, description="The number of events after which a checkpoint is signed."
    )

    @field_validator("store_url", "views_url")
    @classmethod
    def _is_known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://")):
            message = "must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME"
            raise ValueError(message)
        return url

    @field_validator("master_key")
    @classmethod
    def _is_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key and key.get_secret_value():
            try:
                _decoded(key.get_secret_value())
            except ValueError:
                message = f"must be {_KEY_BYTES} bytes in base64"
                raise ValueError(message) from None
        return key

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, level: str) -> str:
        if level.upper() not in _LOG_LEVELS:
            message = f"must be one of {', '.join(_LOG_LEVELS)}"
            raise ValueError(message)
        return level.upper()

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not _PUBLIC_URL.fullmatch(url):
            message = "must be https://HOST or http://HOST, with :PORT where it needs one"
            raise ValueError(message)
        return url.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, names: str) -> str:
        for name in _named(names):
            try:
                is_everyone = not ip_network(name).prefixlen
            except ValueError:
                is_everyone = True
            if is_everyone:
                message = (
                    f"{name!r} is not the address or network of a proxy. Name each proxy, such as"
                    " 127.0.0.1 or 10.0.5.0/24, with commas between."
                )
                raise ValueError(message)
        return names

    def proxy_networks(self) -> list[IPv4Network | IPv6Network]:
        """Return the networks of the trusted proxies."""
        return [ip_network(name) for name in _named(self.trusted_proxies)]

    def public_address(self) -> str:
        """Return the URL of the service for citizens, or its default."""
        return self.public_url or self.listening_at()

    def listening_at(self) -> str:
        """Return the URL of the address that the service listens on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def events_url(self) -> str:
        """Return the URL of the event store, or its default."""
        return self.store_url or f"sqlite:///{self.data_dir / 'events.db'}"

    def read_models_url(self) -> str:
        """Return the URL of the read models, or its default."""
        if self.views_url:
            return self.views_url
        if self.store_url.startswith("postgresql://"):
            return self.store_url
        return f"sqlite:///{self.data_dir / 'views.db'}"

    def log_key_path(self) -> Path:
        """Return the path of the key that signs the log, or its default."""
        return self.log_key_file or self.data_dir / "log.key"

    def master_key_path(self) -> Path:
        """Return the file that holds the master key when none is set."""
        return self.data_dir / "master.key"

    def master_key_bytes(self) -> bytes:
        """Return the master key that is set, or the one in the data directory.

        Raise `NoMasterKeyError` if there is none, or `MasterKeyError` if it cannot be used.
        """
        if self.master_key and self.master_key.get_secret_value():
            return _decoded(self.master_key.get_secret_value())
        return self.stored_master_key()

    def stored_master_key(self) -> bytes:
        """Return the master key of the data directory. Raise the errors of `master_key_bytes`."""
        path = self.master_key_path()
        try:
            return _decoded(path.read_text("utf-8-sig"))
        except FileNotFoundError:
            message = f"There is no master key: set TRACKER_MASTER_KEY, or put back {path}."
            raise NoMasterKeyError(message) from None
        except IsADirectoryError:
            message = f"{path} must be a file, but it is a directory."
            raise MasterKeyError(message) from None
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}."
            raise MasterKeyError(message) from error
        except ValueError:
            message = f"{path} does not hold {_KEY_BYTES} bytes in base64."
            raise MasterKeyError(message) from None


def _named(names: str) -> list[str]:
    return [name for name in map(str.strip, names.split(",")) if name]


def _decoded(text: str) -> bytes:
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != _KEY_BYTES:
        message = f"must be {_KEY_BYTES} bytes in base64"
        raise ValueError(message)
    return key
