//! Where a VirtualService sends: every destination with its place.

use std::fmt;

use crate::mesh::config::VirtualService;
use crate::mesh::config::virtual_service::{Destination, RouteDestination};

/// One destination of a VirtualService.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    pub destination: &'a Destination,
    pub path: Path,
    /// Its weight among several; `None` where it is the only one, and for a mirror.
    pub weight: Option<i32>,
}

impl Place<'_> {
    /// A copy is sent there; the answer is thrown away.
    pub fn is_mirror(&self) -> bool {
        matches!(self.path, Path::Mirror(_) | Path::Mirrors(..))
    }

    pub fn is_http(&self) -> bool {
        !matches!(self.path, Path::Tls(..) | Path::Tcp(..))
    }
}

/// Where in the object: the number of the rule, then that of the route. Written out only where
/// there is something to tell, e.g. as `spec.http[0].route[1].destination`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    Http(usize, usize),
    /// The single mirror of a rule.
    Mirror(usize),
    Mirrors(usize, usize),
    Tls(usize, usize),
    Tcp(usize, usize),
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(i, j) => write!(f, "spec.http[{i}].route[{j}].destination"),
            Self::Mirror(i) => write!(f, "spec.http[{i}].mirror"),
            Self::Mirrors(i, j) => write!(f, "spec.http[{i}].mirrors[{j}].destination"),
            Self::Tls(i, j) => write!(f, "spec.tls[{i}].route[{j}].destination"),
            Self::Tcp(i, j) => write!(f, "spec.tcp[{i}].route[{j}].destination"),
        }
    }
}

/// All destinations, mirrors included, in the order written: http, tls, tcp.
pub fn of(service: &VirtualService) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for (i, rule) in service.spec.http.iter().enumerate() {
        let several = rule.route.len() > 1;
        places.extend(rule.route.iter().enumerate().map(|(j, route)| Place {
            destination: &route.destination,
            path: Path::Http(i, j),
            weight: several.then_some(route.weight),
        }));
        let one = rule.mirror.iter().map(|mirror| (Path::Mirror(i), mirror));
        let many = rule.mirrors.iter().enumerate();
        let many = many.map(|(j, mirror)| (Path::Mirrors(i, j), &mirror.destination));
        let mirrors = one.chain(many);
        places.extend(mirrors.map(|(path, destination)| Place { destination, path, weight: None }));
    }
    for (i, rule) in service.spec.tls.iter().enumerate() {
        add_streams(&mut places, &rule.route, |j| Path::Tls(i, j));
    }
    for (i, rule) in service.spec.tcp.iter().enumerate() {
        add_streams(&mut places, &rule.route, |j| Path::Tcp(i, j));
    }
    places
}

fn add_streams<'a>(
    places: &mut Vec<Place<'a>>,
    routes: &'a [RouteDestination],
    path: impl Fn(usize) -> Path,
) {
    let several = routes.len() > 1;
    places.extend(routes.iter().enumerate().map(|(j, route)| Place {
        destination: &route.destination,
        path: path(j),
        weight: several.then_some(route.weight),
    }));
}
