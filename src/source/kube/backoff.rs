//! How long to wait before asking again: longer each time, never the same for two who wait.

use std::time::Duration;

/// Delays that double from a first one up to a limit, each shortened by up to half at random.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    /// State of a xorshift generator: jitter needs no better.
    random: u64,
}

/// The first delay.
const FIRST: Duration = Duration::from_millis(500);
/// The longest: data is back within ten seconds of the end of a fault.
const LONGEST: Duration = Duration::from_secs(6);

impl Backoff {
    /// `seed` sets this one apart from others that start at the same time.
    pub fn new(seed: u64) -> Self {
        Self { next: FIRST, random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// The next delay; what the server asked for counts up to half a minute.
    pub fn delay(&mut self, asked: Option<Duration>) -> Duration {
        let whole = self.next;
        self.next = (self.next * 2).min(LONGEST);
        let own = whole.mul_f64(0.5 + 0.5 * self.fraction());
        own.max(asked.unwrap_or_default().min(Duration::from_secs(30)))
    }

    /// After a success: the next delay is the first again.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// A number of at least 0 and less than 1.
    pub fn fraction(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_differ_and_stay_within_limits() {
        let (mut one, mut other) = (Backoff::new(1), Backoff::new(2));
        let delays: Vec<_> = (0..20).map(|_| one.delay(None)).collect();
        assert!(delays[0] >= FIRST / 2 && delays[0] <= FIRST);
        assert!(delays[5..].iter().all(|delay| *delay >= LONGEST / 2 && *delay <= LONGEST));
        assert_ne!(delays, (0..20).map(|_| other.delay(None)).collect::<Vec<_>>());
        one.reset();
        assert!(one.delay(None) <= FIRST);
        assert_eq!(one.delay(Some(Duration::from_secs(20))), Duration::from_secs(20));
        assert_eq!(one.delay(Some(Duration::from_secs(3600))), Duration::from_secs(30));
    }
}
