//! An answer in one paragraph of plain words.

use std::fmt::Write as _;

use super::answer::{Answer, Destination, DestinationState, Outcome, RuleRef};
use super::request::SourceKind;

impl Answer {
    /// What decided, why, where the request goes, and what fails.
    pub fn explain(&self) -> String {
        let mut text = self.decider();
        text.push(' ');
        text.push_str(&self.taken());
        text.push(' ');
        text.push_str(&self.leads());
        for extra in [self.actions_text(), self.refused()].into_iter().flatten() {
            text.push(' ');
            text.push_str(&extra);
        }
        for caveat in &self.caveats {
            text.push(' ');
            text.push_str(caveat);
        }
        text
    }

    fn decider(&self) -> String {
        let by = &self.decided_by;
        let asked = if self.request.protocol.is_http() {
            format!("{} {} to {}", self.request.method, self.request.path, self.request.host)
        } else {
            format!("A connection to {}", self.request.host)
        };
        let place = format!("{}/{}", by.namespace, by.name);
        let who = match by.kind {
            SourceKind::Sidecar => format!("the sidecar of the client {place}"),
            SourceKind::Gateway => format!("the gateway {place}"),
            SourceKind::Waypoint => format!("the waypoint {place}"),
            SourceKind::None => {
                return format!("{asked} on port {}: no proxy decides.", self.request.port);
            }
        };
        format!("{asked} on port {} is decided by {who}.", self.request.port)
    }

    fn taken(&self) -> String {
        match (&self.rule, self.outcome) {
            (Some(rule), _) => format!("{rule} takes it."),
            (None, Outcome::Routed | Outcome::NoHealthyUpstream | Outcome::NoCluster) => {
                "No rule applies, so it goes to the service as it is.".to_owned()
            }
            (None, _) => "No rule takes it.".to_owned(),
        }
    }

    fn leads(&self) -> String {
        let status = self.status.map(|status| status.to_string()).unwrap_or_default();
        match self.outcome {
            Outcome::Routed | Outcome::NoCluster | Outcome::NoHealthyUpstream => self.goes(),
            Outcome::DirectResponse => format!("The proxy answers {status} by itself."),
            Outcome::Redirect => {
                let location = self.redirect.as_ref().map_or("", |redirect| &redirect.location);
                format!("The client is redirected ({status}) to {location}.")
            }
            Outcome::Fault => {
                format!("A fault answers every such request with {status}; no pod is called.")
            }
            Outcome::NotFound if self.status.is_some() => {
                format!(
                    "It is answered with {status}: nothing here matches, and there is no way back to another rule or the service."
                )
            }
            Outcome::NotFound => "The connection is refused: no listener takes it.".to_owned(),
            Outcome::Passthrough => {
                "It is passed on to the address dialled, because the name is not known here."
                    .to_owned()
            }
            Outcome::Blackhole if self.status.is_some() => {
                format!("It is answered with {status}, because only known services may be called.")
            }
            Outcome::Blackhole => {
                "The connection ends, because only known services may be called.".to_owned()
            }
        }
    }

    fn goes(&self) -> String {
        let parts: Vec<String> = self.destinations.iter().map(one).collect();
        if parts.is_empty() {
            return "It has nowhere to go.".to_owned();
        }
        format!("It goes to {}.", parts.join("; "))
    }

    fn actions_text(&self) -> Option<String> {
        let mut parts = Vec::new();
        let actions = &self.actions;
        if let Some(rewrite) = &actions.rewrite {
            parts.push(format!(
                "it arrives as {} for {}",
                rewrite.forwarded_path, rewrite.forwarded_authority
            ));
        }
        if let Some(timeout) = &actions.timeout {
            parts.push(format!("it may take {timeout}"));
        }
        if let Some(fault) = &actions.fault {
            if let Some(delay) = fault.delay.as_ref().filter(|delay| delay.percent > 0.0) {
                parts.push(format!("{} % wait {} first", delay.percent, delay.fixed));
            }
            let partly = |percent: f64| percent > 0.0 && percent < 100.0;
            if let Some(abort) = fault.abort.as_ref().filter(|abort| partly(abort.percent)) {
                parts.push(format!("{} % are aborted", abort.percent));
            }
        }
        for mirror in &actions.mirror {
            parts.push(format!("{} % are copied to {}", mirror.percent, mirror.host));
        }
        (!parts.is_empty()).then(|| format!("On the way: {}.", parts.join(", ")))
    }

    /// The refusals that a reader most likely asks about: those found first, a rule once.
    fn refused(&self) -> Option<String> {
        const TOLD: usize = 3;
        let mut told: Vec<(&RuleRef, Vec<&str>)> = Vec::new();
        let named = self.not_matched.iter().filter(|entry| {
            entry.rule.index.is_some() || entry.reason != super::Reason::HostMismatch
        });
        for entry in named {
            match told.iter_mut().find(|(rule, _)| *rule == &entry.rule) {
                Some((_, details)) => details.push(&entry.detail),
                None => told.push((&entry.rule, vec![&entry.detail])),
            }
        }
        let sentences = told.into_iter().take(TOLD).map(|(rule, details)| {
            let more = details.len().saturating_sub(TOLD);
            let shown: Vec<&str> = details.into_iter().take(TOLD).collect();
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            format!("{rule} did not: {}{more}.", shown.join("; "))
        });
        let text = sentences.collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }
}

fn one(destination: &Destination) -> String {
    let mut text = destination.host.to_string();
    if let Some(subset) = &destination.subset {
        let _ = write!(text, " subset {subset}");
    }
    if let Some(port) = destination.port {
        let _ = write!(text, " port {port}");
    }
    if (destination.percent - 100.0).abs() > 1e-9 {
        let _ = write!(text, " with {:.4} %", destination.percent);
        while text.ends_with("0 %") && text.contains('.') {
            text.replace_range(text.len() - 3.., " %");
        }
        if text.ends_with(". %") {
            text.replace_range(text.len() - 3.., " %");
        }
    }
    match destination.state {
        DestinationState::Ok => {
            let pods = &destination.pods;
            if pods.total > 0 {
                let _ = write!(text, " ({} of {} pods ready)", pods.ready, pods.total);
            }
        }
        DestinationState::NoCluster | DestinationState::NoHealthyUpstream => {
            let detail = destination.detail.as_deref().unwrap_or("it cannot be reached");
            let _ = write!(text, ", which fails");
            if let Some(status) = destination.status {
                let _ = write!(text, " with {status}");
            }
            let _ = write!(text, ": {detail}");
        }
    }
    text
}
