//! `/api/v1`: JSON, described by an `OpenAPI` document made from this code.

mod clients;
mod pauses;
mod reviews;
mod selections;
mod sweeps;
mod whole;

pub(super) use reviews::saved;
pub(super) use sweeps::{confirmed, follow};

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::limits::{LARGEST_BODY, LONGEST, LONGEST_LOOK};
use super::problem::Problem;
use super::{App, metrics};
use crate::service::workbooks::LARGEST;

/// A response as JSON, or why there is none.
type Answer<T> = Result<Json<T>, Problem>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Lethe",
        description = "Anonymizes the clients in a company's own database when they are due. Every \
            request needs a token, except those for health and for this document. A person with the right `admin` creates \
            tokens. Errors are problem details (RFC 9457)."
    ),
    components(responses(Problem)),
    modifiers(&Tokens),
    security(("token" = [])),
    tags(
        (name = "sweeps", description = "Sweeps, and the outcomes of their clients."),
        (name = "selections", description = "Keys of clients saved under a name, for sweeps over them."),
        (name = "reviews", description = "Clients held until a second person approves them."),
        (name = "clients", description = "One client, and holds."),
        (name = "state", description = "The current state.")
    )
)]
struct Document;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token, created by a person with the right `admin`."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// Questions that are answered at once.
fn quick() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(sweeps::list, sweeps::start))
        .routes(routes!(sweeps::one))
        .routes(routes!(sweeps::events))
        .routes(routes!(sweeps::cancel))
        .routes(routes!(sweeps::outcomes))
        .routes(routes!(sweeps::failures))
        .routes(routes!(sweeps::retry))
        .routes(routes!(selections::list))
        .routes(routes!(selections::one, selections::save, selections::delete))
        .routes(routes!(reviews::list, reviews::make))
        .routes(routes!(reviews::one, reviews::delete))
        .routes(routes!(reviews::approve))
        .routes(routes!(reviews::reject))
        .routes(routes!(reviews::imports))
        .routes(routes!(reviews::one_import))
        .routes(routes!(reviews::continue_import))
        .routes(routes!(reviews::errors))
        .routes(routes!(clients::one))
        .routes(routes!(clients::anonymize))
        .routes(routes!(clients::set_date, clients::clear_date))
        .routes(routes!(clients::holds))
        .routes(routes!(clients::hold, clients::release))
        .routes(routes!(clients::returned))
        .routes(routes!(clients::confirm_returned))
        .routes(routes!(whole::status))
        .routes(routes!(whole::jobs))
        .routes(routes!(pauses::list))
        .routes(routes!(pauses::pause_all, pauses::resume_all))
        .routes(routes!(pauses::pause, pauses::resume))
        .routes(routes!(whole::coverage, whole::classify))
        .routes(routes!(whole::sweep_report))
        .routes(routes!(whole::month_report))
        .routes(routes!(whole::live))
        .routes(routes!(whole::ready))
        .routes(routes!(metrics::metrics))
}

/// What looks at every client.
fn long() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sweeps::preview))
        .routes(routes!(sweeps::rehearse))
        .routes(routes!(reviews::export))
        .routes(routes!(clients::clean))
}

/// What takes a file.
fn filed() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reviews::import)).layer(DefaultBodyLimit::max(LARGEST))
}

fn whole_api() -> (Router<App>, OpenApi) {
    let within = |longest| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, longest);
    let small = quick().layer(within(LONGEST)).merge(long().layer(within(LONGEST_LOOK)));
    let all = small.layer(DefaultBodyLimit::max(LARGEST_BODY)).merge(filed().layer(within(LONGEST_LOOK)));
    let (router, mut document) = all.split_for_parts();
    for (path, item) in &mut document.paths.paths {
        if !path.starts_with("/health/") {
            let each = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
            each.into_iter().flatten().for_each(with_problems);
        }
    }
    (router, document)
}

/// Says that an operation answers with a problem where something goes wrong.
fn with_problems(operation: &mut Operation) {
    let problems = ["4XX", "5XX"].map(|status| (status.to_owned(), Ref::from_response_name("Problem").into()));
    operation.responses.responses.extend(problems);
}

/// The `OpenAPI` document.
#[must_use]
pub fn document() -> OpenApi {
    whole_api().1
}

pub(super) fn router() -> Router<App> {
    let (router, document) = whole_api();
    let document = document.to_json().unwrap_or_default();
    let nothing = || async {
        Problem::new(StatusCode::NOT_FOUND, "nothing was found here", "`/api/v1/openapi.json` lists all paths")
    };
    router
        .route(
            "/api/v1/openapi.json",
            get(move || async move { ([("content-type", "application/json")], document.clone()) }),
        )
        .fallback(nothing)
        .method_not_allowed_fallback(|| async {
            let what = "this path does not take that method";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, what, "`/api/v1/openapi.json` lists all paths")
        })
}
