//! Parts of a date, in UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The part of the date at some seconds since the epoch; NaN where there is no such date.
pub(super) fn part(of: fn(DateTime) -> f64, seconds: f64) -> f64 {
    jiff::Timestamp::from_second(seconds as i64)
        .map_or(f64::NAN, |time| of(Offset::UTC.to_datetime(time)))
}

pub(super) fn minute(date: DateTime) -> f64 {
    f64::from(date.minute())
}

pub(super) fn hour(date: DateTime) -> f64 {
    f64::from(date.hour())
}

/// Sunday is 0.
pub(super) fn day_of_week(date: DateTime) -> f64 {
    f64::from(date.weekday().to_sunday_zero_offset())
}

pub(super) fn day_of_month(date: DateTime) -> f64 {
    f64::from(date.day())
}

pub(super) fn day_of_year(date: DateTime) -> f64 {
    f64::from(date.day_of_year())
}

pub(super) fn days_in_month(date: DateTime) -> f64 {
    f64::from(date.days_in_month())
}

pub(super) fn month(date: DateTime) -> f64 {
    f64::from(date.month())
}

pub(super) fn year(date: DateTime) -> f64 {
    f64::from(date.year())
}
