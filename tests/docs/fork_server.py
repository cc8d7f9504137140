"""Run `tracker` commands for a shell in forks of one process that has loaded the program once.

Loading the program takes two seconds, and the documents have dozens of commands.
`python fork_server.py SOCKET` serves; `client(SOCKET)` is the program to call instead of `tracker`.
"""

import array
import json
import os
import socket
import sys
import traceback

_CLIENT = """#!{python} -SEs
import array, json, os, socket, sys
if sys.argv[1:2] == ["serve"]:
    os.execv({python!r}, [{python!r}, "-m", "tracker", *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    descriptors = array.array("i", [0, 1, 2])
    link.sendmsg([len(request).to_bytes(8)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    link.sendall(request)
    sys.exit(link.recv(1)[0])
"""


def client(address: str) -> str:
    """Return the text of a program that passes its arguments to the server at this address."""
    return _CLIENT.format(python=sys.executable, address=address)


def serve(address: str) -> None:
    from tracker.cli.main import main  # noqa: PLC0415  only the server loads the program

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)  # noqa: T201
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(link, main)
            link.close()


def _answer(link: socket.socket, main: object) -> None:
    size, received, _, _ = link.recvmsg(8, socket.CMSG_SPACE(3 * 4))
    descriptors = array.array("i", received[0][2])
    request = bytearray()
    while len(request) < int.from_bytes(size):
        request += link.recv(65_536)
    arguments, directory, environment = json.loads(request)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        link.sendall(bytes([os.waitstatus_to_exitcode(status) & 255]))
        os._exit(0)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    code = 1
    try:
        main(arguments)  # type: ignore[operator]
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001  the shell sees it
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
