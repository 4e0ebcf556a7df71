//! A real Prometheus (Debian's package) over backfilled samples, on a free loopback port.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it answers `/-/ready`.
const START: Duration = Duration::from_secs(60);

/// A running server; stopped, and its data removed, when dropped.
#[derive(Debug)]
pub struct RealPrometheus {
    child: Child,
    url: String,
    _data: TempDir,
}

impl RealPrometheus {
    /// Starts a server that holds these samples, given as OpenMetrics text with timestamps in
    /// seconds and `# EOF` at its end. None, with the reason printed, where `prometheus` or
    /// `promtool` is not installed; a server that does not start fails the test.
    pub fn with_openmetrics(text: &str) -> Option<Self> {
        for tool in ["prometheus", "promtool"] {
            let found = Command::new(tool).arg("--version").output();
            if !found.is_ok_and(|output| output.status.success()) {
                println!("skipped: {tool} is not on the PATH");
                return None;
            }
        }
        let data = tempfile::tempdir().expect("a temporary directory");
        backfill(data.path(), text);
        let config = data.path().join("prometheus.yml");
        std::fs::write(&config, "{}\n").expect("write the configuration");
        // Another process may take the port between asking and starting: then try another.
        (0..5).find_map(|_| start(data.path(), &config)).map_or_else(
            || panic!("prometheus did not start"),
            |(child, url)| Some(Self { child, url, _data: data }),
        )
    }

    /// Where it listens, e.g. `http://127.0.0.1:39121`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for RealPrometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes TSDB blocks of the text.
fn backfill(data: &Path, text: &str) {
    let samples = data.join("samples.om");
    std::fs::write(&samples, text).expect("write the samples");
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .arg(&samples)
        .arg(data.join("tsdb"))
        .output()
        .expect("run promtool");
    assert!(
        output.status.success(),
        "promtool refused the samples: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn start(data: &Path, config: &Path) -> Option<(Child, String)> {
    let address = {
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        probe.local_addr().expect("its address")
    };
    let mut child = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", data.join("tsdb").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start prometheus");
    let began = Instant::now();
    while began.elapsed() < START && child.try_wait().ok().flatten().is_none() {
        if is_ready(address) {
            return Some((child, format!("http://{address}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .and_then(|()| stream.write_all(b"GET /-/ready HTTP/1.0\r\nHost: localhost\r\n\r\n"));
    let mut answer = String::new();
    asked.is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.lines().next().is_some_and(|line| line.contains(" 200 "))
}
