//! A running `wilco up` for benchmarks: started on a free port, asked over HTTP, measured from outside.
//!
//! Not a benchmark by itself. Layer 4, for benchmarks only.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running `wilco up`.
pub(crate) struct Server {
    child: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
    /// From its start until it was ready.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts it in this folder, with this `wilco.toml`, and waits until it is ready.
    pub(crate) fn start(home: &Path, config: &str) -> Self {
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|taken| taken.local_addr()).expect("a port").port();
        let config = format!("listen = \"127.0.0.1:{port}\"\n{config}");
        fs::write(home.join("wilco.toml"), config).expect("a file");
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_wilco"))
            .arg("up")
            .current_dir(home)
            .stdout(Stdio::null())
            .spawn()
            .expect("a server");
        let mut server = Self { child, port, ready_after: Duration::ZERO };
        while !server.get("/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            let ended = server.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none(), "the server ended at its start: {ended:?}");
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not become ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = began.elapsed();
        server
    }

    fn get(&self, path: &str) -> Option<String> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n", self.port), "")
    }

    /// The answer to a request, whose first lines these are, on a connection of its own.
    pub(crate) fn send(&self, head: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Returns once it uses no CPU any more: all that was taken in is worked off.
    pub(crate) fn wait_until_quiet(&self) {
        let mut before = self.cpu();
        loop {
            std::thread::sleep(Duration::from_millis(300));
            let now = self.cpu();
            if now - before < 0.02 {
                return;
            }
            before = now;
        }
    }

    /// CPU seconds so far, user and system.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the process");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("its memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1_024.0
    }

    /// Ends it as an operator does.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is there");
        self.child.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
