//! A terminal that a test types on and reads.
//!
//! Not an emulator: what was written is kept as it came, and read without its escape sequences.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use tokio::{
    process::{Child, Command},
    time::{Duration, Instant, sleep, timeout},
};

use crate::rig::LOOK;

/// How long anything may take to be shown.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Pty {
    pub(crate) child: Child,
    ours: File,
    theirs: OwnedFd,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    /// Starts a program on a new terminal.
    pub(crate) fn start(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("ours");
        unlockpt(&ours).expect("unlocked");
        let theirs =
            ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("its other end");
        let size = Winsize { ws_row: 40, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&theirs, size).expect("a size");
        let end = || Stdio::from(theirs.try_clone().expect("the same terminal"));
        command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("a process");
        let ours = File::from(ours);
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, kept) = (ours.try_clone().expect("the same terminal"), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It breaks when nobody has the other end any more.
            while let Ok(read) = reader.read(&mut bytes) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..read]);
            }
        });
        Self { child, ours, theirs, written }
    }

    /// All bytes that were written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was written, without what only moves and colours.
    pub(crate) fn text(&self) -> String {
        plain(&String::from_utf8_lossy(&self.bytes()))
    }

    /// Types.
    pub(crate) fn types(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).expect("typed");
    }

    /// Waits until this was written.
    pub(crate) async fn shows(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(text) {
            assert!(Instant::now() < until, "`{text}` is not shown, but\n{}", self.text());
            sleep(LOOK).await;
        }
    }

    /// How often this was written.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }

    /// Waits for the end; its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("a process of ours").code(),
            Err(_) => panic!("it did not end; it wrote\n{}", self.text()),
        }
    }

    /// Whether the terminal reads whole lines and shows what is typed, as a shell leaves it.
    pub(crate) fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.theirs).expect("its state").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// A text without escape sequences that move or colour.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign == '\u{1b}' && signs.peek() == Some(&'[') {
            signs.next();
            for sign in signs.by_ref() {
                if ('@'..='~').contains(&sign) {
                    break;
                }
            }
        } else if sign != '\r' {
            out.push(sign);
        }
    }
    out
}
