//! A shell at the far end of a line: a server of our own on loopback, with keys of its own.

use super::room::{Room, open, program, skip, until};
use brisk::protocol::{Quality, TermState};
use brisk::term::{TermError, Wait};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// None: it is not installed, or may not run here.
fn serve(folder: &Path) -> Option<Server> {
    let (daemon, keygen, _) = (program("sshd")?, program("ssh-keygen")?, program("ssh")?);
    for name in ["host", "user"] {
        let mut command = Command::new(&keygen);
        command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name));
        assert!(command.status().unwrap().success());
    }
    std::fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shown = folder.display();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\n\
         AuthorizedKeysFile {shown}/authorized\nStrictModes no\nUsePAM no\n\
         PermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\nPrintLastLog no\n\
         SetEnv HOME={shown}\n"
    );
    std::fs::write(folder.join("sshd"), config).unwrap();
    // Where it runs as root, it wants this empty folder; a package makes it at the system's start.
    let _ = std::fs::create_dir("/run/sshd");
    let mut command = Command::new(daemon);
    command.args(["-D", "-e", "-f"]).arg(folder.join("sshd"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut server = Server { child: command.stderr(log).spawn().unwrap(), port };
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if server.child.try_wait().unwrap().is_some() || Instant::now() > deadline {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            skip(&format!("sshd does not run here: {log}"));
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

fn enter(room: &Room, server: &Server) -> String {
    let home = room.home.path().display();
    format!(
        "ssh -t -p {} -i {home}/user -o StrictHostKeyChecking=no -o IdentitiesOnly=yes \
         -o UserKnownHostsFile={home}/known -o LogLevel=ERROR 127.0.0.1 \
         \"env -i TERM=xterm PATH=/usr/bin:/bin PS1='far:\\\\w\\\\$ ' bash --norc\"",
        server.port
    )
}

#[tokio::test]
async fn a_shell_behind_ssh_is_typed_to_and_its_codes_are_unknown() {
    let Some(room) = open("bash", "") else { return };
    let Some(server) = serve(room.home.path()) else { return };
    assert_eq!(room.run("sh -c 'exit 4'").await.exit, Some(4));
    let inside = room.run(&enter(&room, &server)).await;
    assert_eq!((inside.state, inside.exit), (TermState::WaitsForLine, None), "{inside:?}");
    // A line that is slow to come up looks as if it waited.
    until("the far prompt", || room.screen().contains("far:")).await;
    assert_eq!(room.terminal.quality(), Quality::Basic);
    for (command, output) in [
        ("true", ""),
        ("false", ""),
        ("cd /usr", ""),
        ("pwd", "/usr"),
        ("sleep 1; echo late; sh -c 'exit 3'", "late"),
    ] {
        let ran = room.run(command).await;
        assert_eq!((ran.state, ran.exit), (TermState::Done, None), "{command}: {ran:?}");
        assert_eq!(ran.output.text, output, "{command}\n{}", room.screen());
    }
    let home = room.home.path().display();
    let wait = format!("while [ ! -e {home}/go ]; do sleep 0.05; done; echo gone");
    let ran = room.terminal.run(&wait, Duration::from_secs(1)).await.unwrap();
    assert_eq!((ran.state, ran.exit), (TermState::Running, None));
    let busy = room.try_run("true").await;
    assert!(matches!(busy, Err(TermError::Busy { .. })), "{busy:?}");
    std::fs::write(room.home.path().join("go"), "").unwrap();
    let ran = room.keys("", Wait::Exit).await;
    assert_eq!((ran.state, ran.exit, ran.output.text.as_str()), (TermState::Done, None, "gone"));
    let left = room.run("exit 5").await;
    assert_eq!((left.state, left.exit), (TermState::Done, Some(5)), "{left:?}");
    assert_eq!(room.terminal.quality(), Quality::Rich);
    assert_eq!(room.run("sh -c 'exit 6'").await.exit, Some(6));
    room.terminal.close().await;
}
