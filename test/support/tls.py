"""Certificates and servers with TLS, for tests of whole processes. The openssl command makes the former."""
import os
import ssl
import subprocess
import tempfile

from hearth import Client, Server, free_port

EC = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"


class Certificates:
    """A folder with a CA and what it signed (node), and one of a name that it never heard of (other)."""

    def __init__(self):
        self.own = tempfile.TemporaryDirectory(prefix="hearth-tls-")
        self.folder = self.own.name
        self.make("req -x509 %s -subj /CN=ca -keyout ca.key -out ca.crt" % EC)
        self.sign("node")
        self.make("req -x509 %s -subj /CN=other -keyout other.key -out other.crt" % EC)

    def make(self, command):
        subprocess.run(["openssl"] + command.split(), cwd=self.folder, check=True, capture_output=True)

    def sign(self, name):
        """<name>.crt and <name>.key, signed by the CA."""
        self.make("req %s -subj /CN=%s -keyout %s.key -out %s.csr" % (EC.replace(" -days 30", ""), name, name, name))
        self.make("x509 -req -in %s.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out %s.crt" % (name, name))

    def path(self, name):
        return os.path.join(self.folder, name)

    def arguments(self, name="node"):
        """What a server is told."""
        return ["--tls-cert-file", self.path(name + ".crt"), "--tls-key-file", self.path(name + ".key"),
                "--tls-ca-cert-file", self.path("ca.crt")]

    def tool_arguments(self, name="node"):
        """What redis-cli and its like are told."""
        return ["--tls", "--cert", self.path(name + ".crt"), "--key", self.path(name + ".key"), "--cacert",
                self.path("ca.crt")]

    def client(self, name="node", version=None):
        """A client's context; `name` None shows no certificate."""
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        context.check_hostname = False
        if name is not None:
            context.load_cert_chain(self.path(name + ".crt"), self.path(name + ".key"))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


class TlsServer(Server):
    """A server of either kind that listens with TLS on tls_port beside its plain port."""

    def __init__(self, certificates, binary=None, *arguments, **named):
        self.certificates = certificates
        self.tls_port = free_port()
        super().__init__(binary, "--tls-port", self.tls_port, *certificates.arguments(), *arguments, **named)

    def tls_client(self, name="node", version=None):
        return Client(self.tls_port, password=self.password, tls=self.certificates.client(name, version))


def follow_tls(replica, master):
    with replica.client() as client:
        assert client.call("REPLICAOF", "127.0.0.1", master.tls_port).startswith("OK")
