//! Prometheus by URL: reqwest with rustls, credentials, no redirects.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Url, redirect};

use super::{Answer, Body, Fault, Question, header, without_credentials};
use crate::mesh::Trouble;
use crate::source::prometheus::options::{Credentials, PrometheusOptions, Secret};

/// A connection pool to one base URL.
#[derive(Clone)]
pub struct UrlTransport {
    http: reqwest::Client,
    base: Arc<Url>,
    address: Arc<str>,
    credentials: Arc<Credentials>,
}

/// What is wrong with an option, and what would be right.
type Wrong = (String, &'static str);

impl UrlTransport {
    /// Reads the options; nothing is sent yet.
    pub fn new(options: &PrometheusOptions) -> Result<Self, Trouble> {
        let address = without_credentials(&options.url);
        Self::read(options, &address).map_err(|(why, hint)| {
            Trouble::new(format!("set up Prometheus at {address}"), why, hint)
        })
    }

    fn read(options: &PrometheusOptions, address: &str) -> Result<Self, Wrong> {
        let mut base = Url::parse(&options.url).map_err(|error| {
            (error.to_string(), "give a whole URL, e.g. http://prometheus.example:9090")
        })?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            let why = format!("{:?} is not a way to reach Prometheus", base.scheme());
            return Err((why, "the URL begins with http:// or https:// and names a host"));
        }
        let mut credentials = options.credentials.clone();
        if !base.username().is_empty() && credentials == Credentials::None {
            credentials = basic_of(&base);
        }
        // Refused only by URLs that cannot carry credentials at all.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self {
            http: build(options)?,
            base: Arc::new(base),
            address: address.into(),
            credentials: Arc::new(credentials),
        })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let answer = self.send(question, false).await?;
        // Some proxies in front of Prometheus let only GET through.
        if answer.status == http::StatusCode::METHOD_NOT_ALLOWED.as_u16() {
            return self.send(question, true).await;
        }
        Ok(answer)
    }

    async fn send(&self, question: &Question, get: bool) -> Result<Answer, Fault> {
        let mut url = (*self.base).clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), question.path));
        let request = if get {
            url.set_query(Some(&question.form));
            self.http.get(url)
        } else {
            self.http
                .post(url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(question.form.clone())
        };
        let request = match &*self.credentials {
            Credentials::None => request,
            Credentials::Bearer(token) => request.bearer_auth(token.reveal()),
            Credentials::Basic { user, password } => {
                request.basic_auth(user, Some(password.reveal()))
            }
        };
        let mut response = request.send().await.map_err(|error| fault(&error))?;
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: header(response.headers(), &CONTENT_TYPE).unwrap_or_default().to_owned(),
            location: header(response.headers(), &LOCATION).map(without_credentials),
            body: Body::default(),
        };
        while let Some(piece) = response.chunk().await.map_err(|error| fault(&error))? {
            answer.body.push(&piece)?;
        }
        Ok(answer)
    }
}

fn basic_of(url: &Url) -> Credentials {
    let decoded = |text: &str| {
        // The decoder of query pairs is the one at hand that undoes percent signs.
        let pair = Url::parse(&format!("http://localhost/?x={}", text.replace('+', "%2B"))).ok();
        pair.and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned()))
            .unwrap_or_default()
    };
    Credentials::Basic {
        user: decoded(url.username()),
        password: Secret::new(decoded(url.password().unwrap_or_default())),
    }
}

fn build(options: &PrometheusOptions) -> Result<reqwest::Client, Wrong> {
    // The first to install a provider wins; it is ring, whoever comes first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("vigla/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(options.timeout)
        .default_headers(headers(options)?);
    if is_loopback(&options.url) {
        // Packing and unpacking costs more than what the loopback carries.
        builder = builder.no_gzip();
    }
    if let Some(pem) = &options.certificate_authorities {
        let roots = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| (cause(&error), "the CA file must hold PEM certificates"))?;
        builder = builder.tls_certs_merge(roots);
    }
    if let Some(pem) = &options.client_certificate {
        let identity = reqwest::Identity::from_pem(pem.reveal().as_bytes()).map_err(|error| {
            (cause(&error), "the client certificate must be PEM: the certificate, then its key")
        })?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| (cause(&error), "are the certificates in PEM form?"))
}

fn headers(options: &PrometheusOptions) -> Result<HeaderMap, Wrong> {
    let hint = "a header is given as 'Name: value'";
    let mut headers = HeaderMap::new();
    for (name, value) in &options.headers {
        let name = HeaderName::try_from(name.trim())
            .map_err(|_| (format!("{name:?} is not the name of a header"), hint))?;
        let mut value = HeaderValue::try_from(value.reveal().trim())
            .map_err(|_| (format!("the value of {name} holds what no header may hold"), hint))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    if headers.contains_key(AUTHORIZATION) && options.credentials != Credentials::None {
        let why = "an Authorization header and other credentials are both given";
        return Err((why.into(), "give one of them"));
    }
    Ok(headers)
}

fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url).ok();
    let Some(host) = url.as_ref().and_then(Url::host_str) else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn fault(error: &reqwest::Error) -> Fault {
    if error.is_body() || error.is_decode() {
        return Fault::Broken(cause(error));
    }
    Fault::Connect(cause(error))
}

/// The innermost cause: the outer ones repeat the URL, which may hold what nobody should see.
fn cause(error: &reqwest::Error) -> String {
    let mut inner = std::error::Error::source(error);
    while let Some(deeper) = inner.and_then(std::error::Error::source) {
        inner = Some(deeper);
    }
    match inner {
        Some(inner) => inner.to_string(),
        None => error.to_string().split(" for url").next().unwrap_or_default().to_owned(),
    }
}
