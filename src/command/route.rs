//! `vigla route` and `vigla route test`.

use std::path::PathBuf;

use super::{Context, Exit, Failure, header, print};
use crate::cli::{RouteArgs, RouteCommand, TestOutput, TextOutput};
use crate::mesh::expectation::{ExpectationFile, Verdict, split_port};
use crate::mesh::routing::{Request, RequestProtocol, Router};
use crate::mesh::{Kind, MeshSnapshot, Scope, Trouble};
use crate::report;
use crate::source::{Needs, Reach};

/// Everything that takes part in routing, wherever it is: a rule of any namespace may decide.
const KINDS: &[Kind] = &[
    Kind::Namespace,
    Kind::Node,
    Kind::Pod,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::Gateway,
    Kind::ServiceEntry,
    Kind::Sidecar,
    Kind::WorkloadEntry,
    Kind::EnvoyFilter,
    Kind::WasmPlugin,
    Kind::K8sGateway,
    Kind::GatewayClass,
    Kind::HttpRoute,
    Kind::GrpcRoute,
    Kind::TlsRoute,
    Kind::ReferenceGrant,
];

pub(super) fn needs() -> Needs {
    Needs::kinds([Kind::ConfigMap]).with(Reach::Everywhere, KINDS.iter().copied())
}

/// The namespace for names that give none.
fn namespace(snapshot: &MeshSnapshot) -> String {
    match &snapshot.scope {
        Scope::Namespaces(names) => names.first().map_or("default", |name| name).to_owned(),
        Scope::All | Scope::Unset => "default".to_owned(),
    }
}

pub(super) async fn run(context: &Context, args: &RouteArgs) -> Result<Exit, Failure> {
    if let Some(RouteCommand::Test { files, output }) = &args.command {
        return test(context, files, *output).await;
    }
    let headers = args.headers.iter().map(|text| header(text, "-H")).collect::<Result<_, _>>()?;
    let snapshot = context.once(&needs()).await?;
    let router = Router::new(&snapshot.objects);
    let request = request(args, headers, &router, &namespace(&snapshot))?;
    let answer = router.answer(&request);
    print(&match args.output {
        TextOutput::Text => report::route::text(&answer, context.ascii()),
        TextOutput::Json => report::plain_json(&answer),
    })?;
    Ok(Exit::Fine)
}

fn request(
    args: &RouteArgs,
    headers: Vec<(String, String)>,
    router: &Router,
    namespace: &str,
) -> Result<Request, Failure> {
    let from = router.source(args.from.as_deref().unwrap_or_default(), namespace)?;
    let protocol = match args.protocol.as_str() {
        "http2" => RequestProtocol::Http2,
        "grpc" => RequestProtocol::Grpc,
        "https" => RequestProtocol::Https,
        "tls" => RequestProtocol::Tls,
        "tcp" => RequestProtocol::Tcp,
        _ => RequestProtocol::Http,
    };
    let to = args.to.as_deref().unwrap_or_default();
    let (host, port) = split_port(to);
    let tls = matches!(protocol, RequestProtocol::Https | RequestProtocol::Tls);
    Ok(Request {
        from,
        protocol,
        host: args.host.clone().unwrap_or_else(|| host.to_owned()),
        port: port.unwrap_or(if tls { 443 } else { 80 }),
        target_port: None,
        address: args.address,
        sni: args.sni.clone(),
        method: args.method.clone(),
        path: args.path.clone(),
        headers,
    })
}

/// Checks files of expectations; they are read before anything else is asked.
async fn test(context: &Context, files: &[PathBuf], output: TestOutput) -> Result<Exit, Failure> {
    let bad = |trouble| Failure { exit: Exit::BadInput, trouble };
    let mut parsed = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            bad(Trouble::new(format!("read the expectations {name}"), error.to_string(), ""))
        })?;
        parsed.push((ExpectationFile::parse(&text, &name).map_err(bad)?, name));
    }
    let snapshot = context.once(&needs()).await?;
    let router = Router::new(&snapshot.objects);
    let namespace = namespace(&snapshot);
    let verdicts: Vec<Verdict> =
        parsed.iter().flat_map(|(file, name)| file.check(name, &router, &namespace)).collect();
    print(&match output {
        TestOutput::Text => report::expectation::text(&verdicts, context.ascii()),
        TestOutput::Json => report::expectation::json(&verdicts),
        TestOutput::Junit => report::expectation::junit(&verdicts),
    })?;
    Ok(if verdicts.iter().all(Verdict::passed) { Exit::Fine } else { Exit::Found })
}
