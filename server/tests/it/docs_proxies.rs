//! The proxies that the handbook shows keep to themselves what is not for the world, however its path is spelt.

use bursar::http::router::routes;

#[test]
fn the_proxies_of_the_handbook_let_through_what_is_for_everybody_and_nothing_else() {
    let page = include_str!("../../../docs/operating.md");
    let after = |start: &'static str| {
        page.lines()
            .filter_map(move |line| line.trim().strip_prefix(start))
    };
    let nginx: Vec<_> = after("location ")
        .filter_map(|rest| rest.strip_suffix("{ return 404; }"))
        .map(str::trim)
        .collect();
    let caddy: Vec<_> = after("@private path ").flat_map(str::split_whitespace).collect();
    for route in routes() {
        let is_private = route.path.starts_with("/admin/") || route.path == "/metrics";
        let bare = route.path.trim_end_matches('/');
        for path in [bare.to_owned(), format!("{bare}/")] {
            let is_kept = nginx.iter().any(|start| path.starts_with(start));
            assert_eq!(is_kept, is_private, "nginx: {path}");
            // Without a star it is the whole path that Caddy means.
            let is_kept = caddy.iter().any(|known| match known.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => path == *known,
            });
            assert_eq!(is_kept, is_private, "Caddy: {path}");
        }
    }
}
