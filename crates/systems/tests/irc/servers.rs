//! Real IRC servers on loopback: ngircd, which knows no accounts, and InspIRCd with Atheme's services, which does.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long a server may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);
/// The ports that servers may have lie below those that systems give to outgoing connections, so that a port is still
/// free when its server comes back.
const FIRST_PORT: u16 = 8_000;
const PORTS: u16 = 5_000;

const NGIRCD: &str = "[Global]
Name = irc.test.example
Info = A server of tests
Listen = 127.0.0.1
Ports = @port
MotdPhrase = Welcome
[Limits]
MaxConnectionsIP = 0
MaxPenaltyTime = 0
MaxJoins = 0
MaxNickLength = 20
[Options]
DNS = no
Ident = no
PAM = no
";

const INSPIRCD: &str = r#"<config format="xml">
<server name="irc.test.example" description="A server of tests" network="Test" id="1AA">
<admin name="Test" email="test@test.example" nick="test">
<bind address="127.0.0.1" port="@port" type="clients">
<bind address="127.0.0.1" port="@link" type="servers">
<connect name="all" allow="*" threshold="1000000" commandrate="100000000" fakelag="no" timeout="60" localmax="1000"
  globalmax="1000" recvq="1048576" softsendq="10485760" hardsendq="10485760" resolvehostnames="no" useident="no">
<module name="spanningtree"> <module name="services_account"> <module name="sasl"> <module name="cap">
<module name="ircv3"> <module name="ircv3_servertime"> <module name="ircv3_echomessage"> <module name="ircv3_ctctags">
<module name="ircv3_msgid"> <module name="ircv3_labeledresponse"> <module name="monitor"> <module name="chanhistory"> <module name="ircv3_accounttag"> <module name="ircv3_batch"> <module name="ircv3_chghost">
<sasl target="services.test.example">
<link name="services.test.example" ipaddr="127.0.0.1" port="@link" allowmask="127.0.0.1/32" sendpass="link"
  recvpass="link">
<uline server="services.test.example" silent="yes">
<pid file="@folder/inspircd.pid">
<path configdir="@folder" datadir="@folder" logdir="@folder" runtimedir="@folder">
<log method="file" type="*" level="default" target="@folder/inspircd.log">
"#;

const ATHEME: &str = r#"loadmodule "modules/protocol/inspircd";
loadmodule "modules/backend/opensex";
loadmodule "modules/crypto/pbkdf2v2";
loadmodule "modules/nickserv/main";
loadmodule "modules/nickserv/register";
loadmodule "modules/nickserv/identify";
loadmodule "modules/saslserv/main";
loadmodule "modules/saslserv/plain";
serverinfo {
  name = "services.test.example"; desc = "Services"; numeric = "00A"; recontime = 1; netname = "Test";
  hidehostsuffix = "users.test.example"; adminname = "Test"; adminemail = "test@test.example";
  registeremail = "test@test.example"; mta = "/bin/true"; loglevel = { error; }; maxlogins = 50; maxusers = 0;
  maxnicks = 50; maxchans = 50; mdlimit = 30; emaillimit = 10; emailtime = 300; auth = none; casemapping = rfc1459;
};
uplink "irc.test.example" {
  host = "127.0.0.1"; port = @link; send_password = "link"; receive_password = "link";
};
nickserv { nick = "NickServ"; user = "NickServ"; host = "services.test.example"; real = "Nicks"; };
saslserv { nick = "SaslServ"; user = "SaslServ"; host = "services.test.example"; real = "SASL"; };
"#;

/// A program that ends with the test.
struct Program(Child);

impl Program {
    fn start(name: &str, args: &[String], folder: &Path) -> Self {
        let log = fs::File::create(folder.join(format!("{name}.out"))).expect("a file");
        let mut command = Command::new(name);
        // Debian keeps servers where the search path of other people does not reach.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let with_servers = std::env::join_paths(std::env::split_paths(&path).chain(["/usr/sbin".into()]));
        command.env("PATH", with_servers.expect("a search path"));
        let out = log.try_clone().expect("the same file");
        let child = command.args(args).stdin(Stdio::null()).stdout(out).stderr(log).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("`{name}` cannot be started ({error}); `script/test` installs Debian's ngircd, inspircd and atheme-services")
        });
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A network.
pub(crate) struct Network {
    folder: TempDir,
    pub(crate) port: u16,
    /// The port for TLS, where it has one.
    pub(crate) tls_port: u16,
    /// Whether it knows accounts.
    pub(crate) accounts: bool,
    server: Option<Program>,
    services: Option<Program>,
}

impl Network {
    /// A server that knows no accounts.
    pub(crate) fn ngircd() -> Self {
        Self::new(false, &[("ngircd.conf", NGIRCD)])
    }

    /// A server that wants this password of everybody, of either kind; its services are not there.
    pub(crate) fn with_password(accounts: bool, password: &str) -> Self {
        let ngircd = NGIRCD.replace("Ports = @port", &format!("Ports = @port\nPassword = {password}"));
        let connect = "<connect name=\"all\"";
        let inspircd = INSPIRCD.replace(connect, &format!("{connect} password=\"{password}\""));
        let file = if accounts { ("inspircd.conf", inspircd) } else { ("ngircd.conf", ngircd) };
        Self::new(accounts, &[(file.0, &file.1)])
    }

    /// A server that proves who it is with this certificate and its key.
    pub(crate) fn with_tls(cert: &str, key: &str) -> Self {
        let ssl = "[SSL]\nCertFile = @folder/cert.pem\nKeyFile = @folder/key.pem\nPorts = @link\n";
        let config = format!("{NGIRCD}{ssl}").replace("Listen = 127.0.0.1", "Listen = 127.0.0.1,127.0.0.2");
        Self::new(false, &[("cert.pem", cert), ("key.pem", key), ("ngircd.conf", &config)])
    }

    /// A server with services.
    pub(crate) fn inspircd() -> Self {
        let mut network = Self::new(true, &[("inspircd.conf", INSPIRCD), ("atheme.conf", ATHEME)]);
        let (folder, path) = (network.folder.path().to_owned(), |name: &str| network.path(name));
        let args = [
            "-n",
            "-c",
            &path("atheme.conf"),
            "-D",
            &path(""),
            "-l",
            &path("atheme.log"),
            "-p",
            &path("atheme.pid"),
        ];
        let args = args.map(str::to_owned);
        network.services = Some(Program::start("atheme-services", &args, &folder));
        network
    }

    fn new(accounts: bool, files: &[(&str, &str)]) -> Self {
        let (port, link) = (free_port(), free_port());
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().to_str().expect("a path").to_owned();
        for (name, text) in files {
            let text = text.replace("@port", &port.to_string()).replace("@link", &link.to_string());
            fs::write(folder.path().join(name), text.replace("@folder", &here)).expect("written");
        }
        let mut network = Self { folder, port, tls_port: link, accounts, server: None, services: None };
        network.begin();
        network
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a path").to_owned()
    }

    /// Starts the server, and waits until it takes people.
    pub(crate) fn begin(&mut self) {
        let program = if self.accounts {
            let mut args = vec!["--nofork".to_owned(), format!("--config={}", self.path("inspircd.conf"))];
            args.extend(rustix::process::getuid().is_root().then(|| "--runasroot".to_owned()));
            Program::start("inspircd", &args, self.folder.path())
        } else {
            Program::start(
                "ngircd",
                &["-n".to_owned(), "-f".to_owned(), self.path("ngircd.conf")],
                self.folder.path(),
            )
        };
        self.server = Some(program);
        let until = began() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began() < until, "the server takes nobody: {}", self.said());
            sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server in the middle of everything.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    /// What the programs said, for a test that fails.
    fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
        ["ngircd.out", "inspircd.out", "inspircd.log", "atheme-services.out", "atheme.log"]
            .map(read)
            .join("\n")
    }
}

#[expect(clippy::disallowed_methods, reason = "other programs keep no stepped time")]
fn began() -> Instant {
    Instant::now()
}

/// A port on which nobody listens, and which no other network of this process got.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    loop {
        // Processes that run side by side begin far from each other.
        let begin = u16::try_from(std::process::id().wrapping_mul(601) % u32::from(PORTS)).expect("less");
        let port = FIRST_PORT + (begin + TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
