//! How pages write figures and moments.
// What a filter becomes is the template crate's.
#![allow(clippy::inline_always, clippy::unnecessary_wraps, clippy::unused_self)]

use std::fmt::Display;

use super::words;
use crate::domain::language;

/// `1,204`
#[askama::filter_fn]
pub fn figure(count: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(words::thousands(&count.to_string(), ","))
}

/// `2026-01-31 02:00`
#[askama::filter_fn]
pub fn minute(moment: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(words::minute(&moment.to_string()))
}

/// The first characters of a digest.
#[askama::filter_fn]
pub fn short(digest: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(digest.to_string().chars().take(12).collect())
}

/// A text of Lethe's own in the language of the page.
#[askama::filter_fn]
pub fn said(text: impl Display, _: &dyn askama::Values, code: &str) -> askama::Result<String> {
    Ok(language::said(code, &text.to_string()).into_owned())
}
