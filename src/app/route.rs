//! The route debugger: a request in fields, and what the mesh would do with it.

use super::doc::Doc;
use super::list::Tone;
use crate::mesh::expectation::split_port;
use crate::mesh::inventory::{Inventory, ServiceInfo};
use crate::mesh::routing::{Request, RequestProtocol, Router};
use crate::mesh::{MeshSnapshot, Scope, Trouble};
use crate::report;

/// Methods that `enter` goes through.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"];

/// One field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    #[default]
    From,
    To,
    Path,
    Method,
    Headers,
}

impl Field {
    /// In the order in which they stand.
    pub const ALL: [Self; 5] = [Self::From, Self::To, Self::Path, Self::Method, Self::Headers];

    /// The next one, or the one before; going round.
    #[must_use]
    pub fn step(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let by = if forward { 1 } else { count - 1 };
        Self::ALL.get((self as usize + by) % count).copied().unwrap_or_default()
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Path => "path",
            Self::Method => "method",
            Self::Headers => "headers",
        }
    }

    /// What an empty field asks for.
    pub fn hint(self) -> &'static str {
        match self {
            Self::From => "a workload, pod/NAME or gateway/NAME",
            Self::To => "HOST or HOST:PORT",
            Self::Path => "/",
            Self::Method => "GET",
            Self::Headers => "name: value; name: value",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    pub from: String,
    pub to: String,
    pub path: String,
    pub method: String,
    pub headers: String,
}

impl Form {
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::From => &self.from,
            Field::To => &self.to,
            Field::Path => &self.path,
            Field::Method => &self.method,
            Field::Headers => &self.headers,
        }
    }

    pub fn set(&mut self, field: Field, text: impl Into<String>) {
        let place = match field {
            Field::From => &mut self.from,
            Field::To => &mut self.to,
            Field::Path => &mut self.path,
            Field::Method => &mut self.method,
            Field::Headers => &mut self.headers,
        };
        *place = text.into();
    }

    /// The method after the one at hand.
    pub fn next_method(&mut self) {
        let at = METHODS.iter().position(|method| *method == self.method);
        let next = at.map_or(1, |at| at + 1) % METHODS.len();
        METHODS.get(next).copied().unwrap_or("GET").clone_into(&mut self.method);
    }

    /// Fills fields that are empty with what is there: a workload in the mesh, a service that is
    /// not its own.
    pub fn fill(&mut self, inventory: &Inventory, scope: &Scope) {
        if self.from.is_empty() {
            let known = inventory.workloads.iter().filter(|(id, _)| scope.contains(&id.namespace));
            let meshed = known.filter(|(_, workload)| workload.meshed > 0 && !workload.gateway);
            let names: Vec<String> =
                meshed.map(|(id, _)| format!("{}/{}", id.namespace, id.name)).collect();
            let first =
                names.iter().find(|name| name.contains("productpage")).or_else(|| names.first());
            self.from = first.cloned().unwrap_or_default();
        }
        if self.to.is_empty() {
            let several = |service: &&ServiceInfo| service.workloads.len() > 1;
            let asked = || inventory.services.values().filter(|s| scope.contains(&s.key.namespace));
            self.to =
                asked().find(several).or_else(|| asked().next()).map(host).unwrap_or_default();
        }
    }
}

/// `reviews.default:9080`.
pub fn host(service: &ServiceInfo) -> String {
    let port = service.ports.first().and_then(|port| port.split([':', '/']).next());
    let name = format!("{}.{}", service.key.name, service.key.namespace);
    port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"))
}

/// The form, and what became of it.
#[derive(Debug, Clone, Default)]
pub struct RouteView {
    pub form: Form,
    pub at: Field,
    /// The answer in a paragraph of plain words instead of step by step.
    pub plain: bool,
    /// The latest answer; of an older form while a new one is worked out.
    pub answer: Option<Result<Doc, Trouble>>,
    /// First line of the answer on the screen.
    pub top: usize,
}

/// What the mesh of a snapshot would do with a request.
///
/// # Errors
/// When the source is not there, or a field cannot be understood.
pub fn answer(snapshot: &MeshSnapshot, form: &Form, plain: bool) -> Result<Doc, Trouble> {
    let missing = [(Field::From, &form.from), (Field::To, &form.to)];
    if let Some((field, _)) = missing.iter().find(|(_, text)| text.trim().is_empty()) {
        let what = format!("ask without \"{}\"", field.title());
        return Err(Trouble::new(what, "the field is empty", format!("enter: {}", field.hint())));
    }
    let namespace = match &snapshot.scope {
        Scope::Namespaces(names) => names.first().map_or("default", |name| name),
        Scope::All | Scope::Unset => "default",
    };
    let router = Router::new(&snapshot.objects);
    let (host, port) = split_port(form.to.trim());
    let or = |text: &str, default: &str| match text.trim() {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    let request = Request {
        from: router.source(&form.from, namespace)?,
        protocol: RequestProtocol::Http,
        host: host.to_owned(),
        port: port.unwrap_or(80),
        method: or(&form.method, "GET"),
        path: or(&form.path, "/"),
        headers: headers(&form.headers)?,
        ..Request::default()
    };
    let answer = router.answer(&request);
    Ok(if plain {
        let mut doc = Doc::default();
        doc.push(vec![(Tone::Text, answer.explain())]);
        doc
    } else {
        doc(&report::route::steps(&answer, false, false))
    })
}

/// `name: value; name: value`.
fn headers(text: &str) -> Result<Vec<(String, String)>, Trouble> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Trouble::new(
                format!("read the header {part:?}"),
                "it has no colon",
                "write for instance end-user: jason; x-debug: 1",
            )),
        })
        .collect()
}

/// The text with tones: what is taken, where it goes, what fails.
fn doc(text: &str) -> Doc {
    let mut doc = Doc::default();
    for line in text.lines() {
        let start = line.trim_start();
        let tone = if line.contains("✓") {
            Tone::Good
        } else if line.contains(" fails with ") {
            Tone::Bad
        } else if start.starts_with('→') {
            Tone::Strong
        } else if start.starts_with('✗') || line.starts_with("      ") {
            Tone::Dim
        } else if !line.contains(' ')
            || ["goes to", "rules, in order", "for other hosts"].contains(&line)
        {
            Tone::Accent
        } else {
            Tone::Text
        };
        doc.push(vec![(tone, line.to_owned())]);
    }
    doc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_told() {
        let read = headers("end-user: jason; x: a:b;").unwrap();
        assert_eq!(read, [("end-user".into(), "jason".into()), ("x".into(), "a:b".into())]);
        assert!(headers("end-user").unwrap_err().to_string().contains("no colon"));
    }

    #[test]
    fn fields_and_methods_go_round() {
        let mut field = Field::From;
        for _ in Field::ALL {
            field = field.step(true);
        }
        assert_eq!((field, field.step(false)), (Field::From, Field::Headers));
        let mut form = Form::default();
        form.next_method();
        assert_eq!(form.method, "POST");
    }
}
