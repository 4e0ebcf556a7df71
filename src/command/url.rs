//! `vigla url`.

use std::io::Write;
use std::time::Duration;

use super::{Context, Exit, Failure, print};
use crate::cli::{TextOutput, UrlArgs};
use crate::mesh::{Kind, Trouble, gateways, harmless};
use crate::report;
use crate::source::{Needs, Reach};

/// How long a probe waits for one URL.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn run(context: &Context, args: &UrlArgs) -> Result<Exit, Failure> {
    // The gateway's pods run in any namespace.
    let needs =
        Needs::kinds([Kind::Gateway, Kind::VirtualService, Kind::K8sGateway, Kind::HttpRoute])
            .with(
                Reach::Everywhere,
                [Kind::Pod, Kind::Service, Kind::Deployment, Kind::DaemonSet, Kind::Node],
            );
    let snapshot = context.once(&needs).await?;
    let views = gateways::views(&snapshot.objects, &snapshot.scope);
    let notes = report::gateways::notes(&views);
    // A reader of URLs wants nothing else on stdout.
    let _ = std::io::stderr().write_all(notes.as_bytes());
    match args.output {
        TextOutput::Json => {
            print(&report::json("vigla.url/v1", &report::gateways::Gateways { gateways: &views }))?;
        }
        TextOutput::Text if args.probe => probe(&views).await?,
        TextOutput::Text => print(&report::gateways::text(&views))?,
    }
    Ok(Exit::Fine)
}

/// Fetches each URL from the machine this runs on and prints what it answers.
async fn probe(views: &[gateways::GatewayView]) -> Result<(), Failure> {
    let client = reqwest::Client::builder()
        .timeout(PROBE_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Trouble::new("set up the probe", error.to_string(), ""))?;
    for url in views.iter().flat_map(gateways::urls) {
        let answer = match client.get(url).send().await {
            Ok(response) => response.status().to_string(),
            Err(error) if error.is_timeout() => format!("no answer within {PROBE_LIMIT:?}"),
            Err(error) => harmless::line(&root_cause(&error)).into_owned(),
        };
        print(&format!("{url}   {answer}\n"))?;
    }
    Ok(())
}

/// The innermost error: the others only repeat that the request failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
