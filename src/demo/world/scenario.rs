//! The scenarios of the embedded world, as a user names them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What goes on in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// Bookinfo with a canary: reviews moves from v1 to v3 over minutes, and v3 fails a little.
    #[default]
    Bookinfo,
    /// Bookinfo at rest: fixed weights, no failures beyond the ordinary.
    Steady,
    /// Bookinfo with a version that fails hard and a pod that is not ready.
    Outage,
    /// Bookinfo beside this many more services, spread over several namespaces.
    Large { services: u16 },
    /// Bookinfo with a dozen faults in its configuration.
    Broken,
}

/// A scenario's name that is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownScenario {
    #[error(
        "there is no scenario \"{0}\": use bookinfo, steady, outage, large:N (N services, 1 to \
         {max}) or broken", max = Scenario::MOST_SERVICES
    )]
    Name(String),
    #[error("\"large:{0}\" wants a number of services from 1 to {max}, as in large:200",
        max = Scenario::MOST_SERVICES)]
    Services(String),
}

impl Scenario {
    /// The most services that `large:N` makes.
    pub const MOST_SERVICES: u16 = 5000;
    /// How many services `large` makes when no number is given.
    const SERVICES: u16 = 200;

    /// The namespace to look at first: that of the demo's context.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Broken => "shop",
            Self::Bookinfo | Self::Steady | Self::Outage | Self::Large { .. } => "default",
        }
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, count) = match text.split_once(':') {
            Some((name, count)) => (name, Some(count)),
            None => (text, None),
        };
        match (name, count) {
            ("bookinfo", None) => Ok(Self::Bookinfo),
            ("steady", None) => Ok(Self::Steady),
            ("outage", None) => Ok(Self::Outage),
            ("broken", None) => Ok(Self::Broken),
            ("large", None) => Ok(Self::Large { services: Self::SERVICES }),
            ("large", Some(count)) => match count.parse() {
                Ok(services @ 1..=Self::MOST_SERVICES) => Ok(Self::Large { services }),
                _ => Err(UnknownScenario::Services(count.to_owned())),
            },
            _ => Err(UnknownScenario::Name(text.to_owned())),
        }
    }
}

impl fmt::Display for Scenario {
    /// The name that [`Scenario::from_str`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bookinfo => f.write_str("bookinfo"),
            Self::Steady => f.write_str("steady"),
            Self::Outage => f.write_str("outage"),
            Self::Large { services } => write!(f, "large:{services}"),
            Self::Broken => f.write_str("broken"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("bookinfo", Scenario::Bookinfo)]
    #[case("steady", Scenario::Steady)]
    #[case("outage", Scenario::Outage)]
    #[case("broken", Scenario::Broken)]
    #[case("large:7", Scenario::Large { services: 7 })]
    fn names_are_read_and_printed_alike(#[case] name: &str, #[case] scenario: Scenario) {
        assert_eq!(name.parse(), Ok(scenario));
        assert_eq!(scenario.to_string(), name);
    }

    #[rstest]
    #[case("bookinf", "use bookinfo, steady, outage")]
    #[case("steady:3", "use bookinfo")]
    #[case("large:0", "from 1 to 5000")]
    #[case("large:many", "as in large:200")]
    #[case("", "use bookinfo")]
    fn what_is_no_scenario_says_what_is(#[case] name: &str, #[case] hint: &str) {
        let error = name.parse::<Scenario>().unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
    }
}
