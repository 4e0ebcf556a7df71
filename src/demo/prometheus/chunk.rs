//! Samples, packed: a scrape at the usual interval costs one byte of time, a counter's step one to
//! three bytes of value. An hour of Bookinfo fits in about a megabyte.

/// A value at a time, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub at: i64,
    pub value: f64,
}

/// The one NaN that says a series ended here (Prometheus, `model/value/value.go`: StaleNaN).
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// The marker that ends a series.
pub fn stale_marker() -> f64 {
    f64::from_bits(STALE)
}

/// Whether a value is the marker that ends a series, and not any other NaN.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE
}

/// Integers up to here are exact in a double, and so are their differences.
const EXACT: f64 = 4_503_599_627_370_496.0;

/// How a sample is written: nothing changed; the value stepped; time and value stepped;
/// time stepped and the value is written out.
const SAME: u8 = 0;
const STEP: u8 = 1;
const TIME_AND_STEP: u8 = 2;
const TIME_AND_BITS: u8 = 3;

/// A run of samples in order of time, packed.
#[derive(Debug, Clone)]
pub struct Chunk {
    bytes: Vec<u8>,
    count: u16,
    first: Sample,
    last: Sample,
    /// Milliseconds between the last two samples.
    interval: i64,
}

impl Chunk {
    pub fn new(first: Sample) -> Self {
        Self { bytes: Vec::new(), count: 1, first, last: first, interval: 0 }
    }

    pub fn count(&self) -> u16 {
        self.count
    }

    pub fn first_at(&self) -> i64 {
        self.first.at
    }

    pub fn last_at(&self) -> i64 {
        self.last.at
    }

    /// Adds a sample; its time is later than the last one's.
    pub fn push(&mut self, sample: Sample) {
        let interval = sample.at.wrapping_sub(self.last.at);
        let change = interval.wrapping_sub(self.interval);
        match step(self.last.value, sample.value) {
            Some(0) if change == 0 => self.bytes.push(SAME),
            Some(step) if change == 0 => {
                self.bytes.push(STEP);
                write_varint(&mut self.bytes, step);
            }
            Some(step) => {
                self.bytes.push(TIME_AND_STEP);
                write_varint(&mut self.bytes, change);
                write_varint(&mut self.bytes, step);
            }
            None => {
                self.bytes.push(TIME_AND_BITS);
                write_varint(&mut self.bytes, change);
                self.bytes.extend_from_slice(&sample.value.to_bits().to_le_bytes());
            }
        }
        self.interval = interval;
        self.last = sample;
        self.count = self.count.saturating_add(1);
    }

    /// Gives back what the growing buffer has to spare.
    pub fn close(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// The samples in order of time.
    pub fn samples(&self) -> Samples<'_> {
        Samples { rest: &self.bytes, next: Some(self.first), interval: 0 }
    }
}

/// The step between two values, where both are integers that a double holds exactly.
fn step(from: f64, to: f64) -> Option<i64> {
    let exact = |v: f64| v.abs() < EXACT && v.fract() == 0.0 && !(v == 0.0 && v.is_sign_negative());
    (exact(from) && exact(to)).then(|| to as i64 - from as i64)
}

/// Samples of a chunk, unpacked one by one.
#[derive(Debug)]
pub struct Samples<'a> {
    rest: &'a [u8],
    next: Option<Sample>,
    interval: i64,
}

impl Samples<'_> {
    fn unpack(&mut self, last: Sample) -> Option<Sample> {
        let (&tag, rest) = self.rest.split_first()?;
        self.rest = rest;
        if tag == TIME_AND_STEP || tag == TIME_AND_BITS {
            self.interval = self.interval.wrapping_add(read_varint(&mut self.rest)?);
        }
        let value = match tag {
            SAME => last.value,
            TIME_AND_BITS => {
                let (bits, rest) = self.rest.split_first_chunk::<8>()?;
                self.rest = rest;
                f64::from_bits(u64::from_le_bytes(*bits))
            }
            _ => (last.value as i64 + read_varint(&mut self.rest)?) as f64,
        };
        Some(Sample { at: last.at.wrapping_add(self.interval), value })
    }
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let now = self.next?;
        self.next = self.unpack(now);
        Some(now)
    }
}

/// Seven bits a byte, small numbers of either sign first.
fn write_varint(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    let mut shift = 0_u32;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back_bit_by_bit(
            start in -1_000_000_000_000_i64..4_000_000_000_000,
            steps in proptest::collection::vec((1_i64..100_000, prop_oneof![
                (0_u32..5000).prop_map(f64::from),
                any::<f64>(),
                Just(f64::NAN), Just(-0.0), Just(f64::INFINITY), Just(stale_marker()),
            ]), 1..200),
        ) {
            let mut at = start;
            let samples: Vec<Sample> = steps.into_iter().map(|(step, value)| {
                at += step;
                Sample { at, value }
            }).collect();
            let mut chunk = Chunk::new(samples[0]);
            samples[1..].iter().for_each(|sample| chunk.push(*sample));
            let back: Vec<(i64, u64)> =
                chunk.samples().map(|s| (s.at, s.value.to_bits())).collect();
            let want: Vec<(i64, u64)> =
                samples.iter().map(|s| (s.at, s.value.to_bits())).collect();
            prop_assert_eq!(back, want);
        }
    }

    #[test]
    fn a_counter_scraped_evenly_takes_few_bytes() {
        let mut chunk = Chunk::new(Sample { at: 0, value: 0.0 });
        for n in 1..=240_i32 {
            chunk.push(Sample { at: i64::from(n) * 5000, value: f64::from(n * 50) });
        }
        assert!(chunk.bytes.len() < 240 * 3, "{} bytes", chunk.bytes.len());
    }
}
