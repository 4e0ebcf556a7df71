//! Where a VirtualService sends: every destination with its place.

use crate::mesh::config::VirtualService;
use crate::mesh::config::virtual_service::Destination;

/// One destination of a VirtualService.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    pub destination: &'a Destination,
    /// `spec.http[0].route[1].destination`.
    pub path: String,
    /// A copy is sent there; the answer is thrown away.
    pub is_mirror: bool,
    pub is_http: bool,
}

/// All destinations, mirrors included, in the order written: http, tls, tcp.
pub fn of(service: &VirtualService) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for (i, rule) in service.spec.http.iter().enumerate() {
        for (j, route) in rule.route.iter().enumerate() {
            let path = format!("spec.http[{i}].route[{j}].destination");
            places.push(Place {
                destination: &route.destination,
                path,
                is_mirror: false,
                is_http: true,
            });
        }
        let one = rule.mirror.iter().map(|mirror| (format!("spec.http[{i}].mirror"), mirror));
        let many = rule.mirrors.iter().enumerate().map(|(j, mirror)| {
            (format!("spec.http[{i}].mirrors[{j}].destination"), &mirror.destination)
        });
        places.extend(one.chain(many).map(|(path, destination)| Place {
            destination,
            path,
            is_mirror: true,
            is_http: true,
        }));
    }
    let tls = service.spec.tls.iter().map(|rule| ("tls", &rule.route)).enumerate();
    let tcp = service.spec.tcp.iter().map(|rule| ("tcp", &rule.route)).enumerate();
    for (i, (protocol, routes)) in tls.chain(tcp) {
        for (j, route) in routes.iter().enumerate() {
            let path = format!("spec.{protocol}[{i}].route[{j}].destination");
            let destination = &route.destination;
            places.push(Place { destination, path, is_mirror: false, is_http: false });
        }
    }
    places
}
