//! Names, ids and addresses that the world hands out: the same seed gives the same ones.

use std::fmt::Write as _;

/// The letters Kubernetes makes generated names of: no vowels, so no words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A small deterministic generator (SplitMix64) and the counters of addresses.
#[derive(Debug, Clone)]
pub struct Names {
    state: u64,
    pods: u32,
    services: u32,
    node_ports: u16,
    balancers: u8,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, pods: 0, services: 0, node_ports: 0, balancers: 0 }
    }

    /// The next number of the sequence.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Five letters, as `generateName` appends them.
    pub fn suffix(&mut self) -> String {
        let mut number = self.number();
        (0..5)
            .map(|_| {
                let at = (number % LETTERS.len() as u64) as usize;
                number /= LETTERS.len() as u64;
                LETTERS.get(at).map_or('x', |letter| char::from(*letter))
            })
            .collect()
    }

    /// A random (version 4) UUID.
    pub fn uid(&mut self) -> String {
        let (high, low) = (self.number(), self.number());
        let high = (high & !0xF000) | 0x4000;
        let low = (low & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }

    /// The next pod address, in 10.244.0.0/16.
    pub fn pod_ip(&mut self) -> String {
        self.pods = self.pods.wrapping_add(1);
        format!("10.244.{}.{}", (self.pods / 250) % 256, self.pods % 250 + 2)
    }

    /// The next service address, in 10.96.0.0/16.
    pub fn cluster_ip(&mut self) -> String {
        self.services = self.services.wrapping_add(1);
        format!("10.96.{}.{}", (self.services / 250) % 256, self.services % 250 + 2)
    }

    /// The next address of a load balancer: the ingress gateway's is 47.88.21.82.
    pub fn load_balancer_ip(&mut self) -> String {
        let last = 82 + self.balancers % 172;
        self.balancers = self.balancers.wrapping_add(1);
        format!("47.88.21.{last}")
    }

    /// The next node port, from 30000 on.
    pub fn node_port(&mut self) -> u16 {
        self.node_ports = self.node_ports.wrapping_add(1);
        30_000 + (self.node_ports.wrapping_mul(379) % 2768)
    }
}

/// A short name of some text, as the pod template hash is one: FNV-1a, in Kubernetes' letters.
pub fn hash(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(0x811C_9DC5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut digits = String::new();
    // Writing to a String cannot fail.
    let _ = write!(digits, "{sum}");
    digits
        .bytes()
        .map(|digit| {
            LETTERS.get(usize::from(digit) % LETTERS.len()).map_or('x', |l| char::from(*l))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let (mut one, mut two) = (Names::new(7), Names::new(7));
        assert_eq!(one.suffix(), two.suffix());
        assert_eq!(one.uid(), two.uid());
        assert_ne!(Names::new(8).uid(), Names::new(7).uid());
    }

    #[test]
    fn ids_look_like_what_they_are() {
        let mut names = Names::new(1);
        let uid = names.uid();
        let shape = regex::Regex::new(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        );
        assert!(shape.unwrap().is_match(&uid), "{uid}");
        assert_eq!(names.suffix().len(), 5);
        assert_ne!(names.pod_ip(), names.pod_ip());
        assert_eq!(hash("a template"), hash("a template"));
    }

    #[test]
    fn node_ports_stay_in_their_range_and_apart() {
        let mut names = Names::new(1);
        let ports: std::collections::BTreeSet<u16> = (0..500).map(|_| names.node_port()).collect();
        assert_eq!(ports.len(), 500);
        assert!(ports.iter().all(|port| (30_000..=32_767).contains(port)));
    }
}
