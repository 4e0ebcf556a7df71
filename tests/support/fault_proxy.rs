//! A proxy on loopback that passes HTTP on to a server, or plays a fault in its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// What happens to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They are passed on.
    None,
    /// Nobody listens.
    Refuse,
    /// Connections are taken and nothing is ever said; those that are open fall silent.
    Hang,
    /// Each is passed on late.
    Slow(Duration),
    /// Each is refused with a status; 429 asks to come back after two seconds.
    Status(u16),
    /// Watches are refused with 410, everything else is passed on.
    WatchesGone,
    /// Watches end after a second, everything else is passed on.
    WatchesCut,
    /// A page in HTML, with the status 200.
    Html,
    /// The beginning of an answer, then the end of the connection.
    Half,
    /// 100 MB of one JSON text.
    Endless,
    /// JSON's type of content, and no JSON in it.
    Garbage,
    /// The token `first` is refused with 401, whoever has another is let through.
    Expired,
    /// A secured proxy shows a certificate that nobody vouches for.
    Untrusted,
    /// Connections that are open fall silent, as after a laptop's sleep; new ones are passed on.
    Dead,
}

/// A running proxy; it ends when dropped.
pub(crate) struct FaultProxy {
    port: u16,
    /// The certificate to trust, in PEM, where it speaks TLS.
    authority: Option<String>,
    fault: watch::Sender<Fault>,
    requests: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl FaultProxy {
    /// Starts a proxy to `http://HOST:PORT`.
    pub(crate) async fn to(upstream: &str) -> Self {
        Self::start(upstream, None).await
    }

    /// The same, spoken to by TLS.
    pub(crate) async fn secured(upstream: &str) -> Self {
        Self::start(upstream, Some(Secured::new(&WebPkiClientVerifier::no_client_auth()))).await
    }

    /// The same, for those alone who show a certificate of their own; that, with its key, in PEM.
    pub(crate) async fn mutual(upstream: &str) -> (Self, String, String) {
        let (client, key) = own_certificate("client");
        let mut known = rustls::RootCertStore::empty();
        known.add(client.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(known.into(), provider);
        let secured = Secured::new(&verifier.build().unwrap());
        let proxy = Self::start(upstream, Some(secured)).await;
        (proxy, client.pem(), key.serialize_pem())
    }

    async fn start(upstream: &str, secured: Option<Secured>) -> Self {
        let upstream: Arc<str> = upstream.trim_start_matches("http://").into();
        let authority = secured.as_ref().map(|secured| secured.authority.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault = watch::Sender::new(Fault::None);
        let requests = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let way = Way { upstream, secured: secured.map(Arc::new) };
        tasks.spawn(listen(listener, fault.subscribe(), Arc::clone(&requests), way));
        Self { port, authority, fault, requests, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The certificate to trust, in PEM.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Plays another fault from now on. Open connections are cut, except where it is to hang.
    pub(crate) fn play(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Requests (or attempts to connect, while hanging) so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Where requests are passed on to, and how they come in.
#[derive(Clone)]
struct Way {
    upstream: Arc<str>,
    secured: Option<Arc<Secured>>,
}

/// Two certificates: one that is trusted, and one that is not.
struct Secured {
    authority: String,
    trusted: TlsAcceptor,
    untrusted: TlsAcceptor,
}

impl Secured {
    fn new(clients: &Arc<dyn ClientCertVerifier>) -> Self {
        let (authority, trusted) = certificate("trusted", clients);
        Self { authority, trusted, untrusted: certificate("unknown", clients).1 }
    }

    fn acceptor(&self, fault: Fault) -> &TlsAcceptor {
        if fault == Fault::Untrusted { &self.untrusted } else { &self.trusted }
    }
}

/// A certificate that vouches for itself, with its key.
fn own_certificate(name: &str) -> (rcgen::Certificate, rcgen::KeyPair) {
    let mut wanted = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    wanted.distinguished_name.push(rcgen::DnType::CommonName, name);
    let pair = rcgen::KeyPair::generate().unwrap();
    (wanted.self_signed(&pair).unwrap(), pair)
}

/// A certificate that vouches for itself, in PEM and in use.
fn certificate(name: &str, clients: &Arc<dyn ClientCertVerifier>) -> (String, TlsAcceptor) {
    let (made, pair) = own_certificate(name);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::clone(clients))
        .with_single_cert(vec![made.der().clone()], key)
        .unwrap();
    (made.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn listen(
    listener: TcpListener,
    mut fault: watch::Receiver<Fault>,
    requests: Arc<AtomicUsize>,
    way: Way,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let playing = *fault.borrow_and_update();
        if playing == Fault::Refuse {
            listener = None;
            connections.abort_all();
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => if let Ok((stream, _)) = accepted {
                requests.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, fault.clone(), way.clone()));
            },
            changed = fault.changed() => if changed.is_err() { return },
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One request on a connection of its own.
async fn serve(client: TcpStream, mut fault: watch::Receiver<Fault>, way: Way) {
    let playing = *fault.borrow_and_update();
    let Some(secured) = &way.secured else {
        return converse(client, playing, fault, &way.upstream).await;
    };
    // Whoever does not trust it hangs up.
    if let Ok(client) = secured.acceptor(playing).accept(client).await {
        converse(client, playing, fault, &way.upstream).await;
    }
}

async fn converse(
    mut client: impl Stream,
    playing: Fault,
    mut fault: watch::Receiver<Fault>,
    upstream: &str,
) {
    let answered = answer(&mut client, playing, upstream);
    tokio::select! {
        // Whoever hangs up in the middle of an answer is no failure here.
        _ = answered => return,
        () = changed(&mut fault) => {}
    }
    // Silent, and open.
    let silent = |fault: &Fault| matches!(fault, Fault::Hang | Fault::Dead);
    // Without a player the proxy is gone, and this connection with it.
    let _ = fault.wait_for(|fault| !silent(fault)).await;
}

/// A connection, by TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

async fn changed(fault: &mut watch::Receiver<Fault>) {
    if fault.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn answer(client: &mut impl Stream, fault: Fault, upstream: &str) -> std::io::Result<()> {
    let (head, body) = read(client).await?;
    let watches = head.lines().next().is_some_and(|line| line.contains("watch=1"));
    match fault {
        Fault::Slow(late) => sleep(late).await,
        Fault::None | Fault::WatchesCut | Fault::Dead | Fault::Untrusted => {}
        Fault::Expired if !head.contains("Bearer first") => {}
        Fault::Expired => return say(client, 401, "application/json", &status(401)).await,
        Fault::WatchesGone if !watches => {}
        Fault::WatchesGone => return say(client, 410, "application/json", &status(410)).await,
        Fault::Status(code) => return say(client, code, "application/json", &status(code)).await,
        Fault::Html => return say(client, 200, "text/html", "<html>log in</html>").await,
        Fault::Garbage => return say(client, 200, "application/json", "]]{").await,
        Fault::Half => {
            let begin = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                         Content-Length: 1000\r\nConnection: close\r\n\r\n{\"kind\":\"PodList\",";
            return client.write_all(begin.as_bytes()).await;
        }
        Fault::Endless => return endless(client).await,
        Fault::Hang | Fault::Refuse => std::future::pending().await,
    }
    let passed = pass(client, &head, &body, upstream);
    if watches && fault == Fault::WatchesCut {
        return tokio::time::timeout(Duration::from_secs(1), passed).await.unwrap_or(Ok(()));
    }
    passed.await
}

/// Head and body of a request.
async fn read(client: &mut impl Stream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or(0) {
        if client.read_buf(&mut body).await? == 0 {
            break;
        }
    }
    Ok((head, body))
}

async fn pass(
    client: &mut impl Stream,
    head: &str,
    body: &[u8],
    upstream: &str,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    // One request a connection: then nothing need be known of where an answer ends.
    server.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    server.write_all(body).await?;
    copy(&mut server, client).await?;
    Ok(())
}

fn status(code: u16) -> String {
    format!("{{\"kind\":\"Status\",\"code\":{code},\"message\":\"a fault is played\"}}")
}

async fn say(client: &mut impl Stream, code: u16, kind: &str, body: &str) -> std::io::Result<()> {
    let reason = http::StatusCode::from_u16(code).unwrap().canonical_reason().unwrap_or_default();
    let later = if code == 429 { "Retry-After: 2\r\n" } else { "" };
    let text = format!(
        "HTTP/1.1 {code} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{later}\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(text.as_bytes()).await
}

async fn endless(client: &mut impl Stream) -> std::io::Result<()> {
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\
                 {\"kind\":\"";
    client.write_all(begin.as_bytes()).await?;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        client.write_all(&piece).await?;
    }
    Ok(())
}
