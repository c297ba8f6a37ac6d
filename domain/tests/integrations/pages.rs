//! Every integration has a page in the handbook, and its table of settings is that of the code.

use std::fmt::Write as _;
use std::fs;

use bursar_domain::integrations::{ALL, Integration, Kind};

use crate::scene::{folder, is_rewriting};

const BEGIN: &str = "<!-- settings: begin -->";
const END: &str = "<!-- settings: end -->";

#[test]
fn every_integration_has_a_page_with_its_settings() {
    for integration in ALL {
        let path = folder("../docs/integrations").join(format!("{}.md", integration.slug));
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let around = page.split_once(BEGIN).and_then(|(head, rest)| {
            let (_, tail) = rest.split_once(END)?;
            Some((head, tail))
        });
        let Some((head, tail)) = around else {
            panic!("{}: needs the lines `{BEGIN}` and `{END}`", path.display())
        };
        let whole = format!("{head}{BEGIN}\n{}{END}{tail}", table(integration));
        if is_rewriting() {
            fs::write(&path, &whole).unwrap();
        } else {
            assert_eq!(whole, page, "{}: run `cargo xtask golden`", path.display());
        }
        for identifier in integration.identifiers {
            assert!(
                page.contains(identifier),
                "{}: {identifier} is not explained",
                path.display()
            );
        }
    }
}

#[test]
fn the_overview_names_every_integration_in_both_tables() {
    let overview = fs::read_to_string(folder("../docs/integrations").join("README.md")).unwrap();
    for Integration { slug, title, .. } in ALL {
        for begin in [
            format!("\n| [{title}]({slug}.md) | `{slug}` |"),
            format!("\n| {title} |"),
        ] {
            let count = overview.matches(&begin).count();
            assert_eq!(
                count, 1,
                "docs/integrations/README.md: lines that begin with {begin:?}"
            );
        }
    }
}

fn table(integration: &Integration) -> String {
    let mut text = String::from("\n| setting | value | default | |\n| --- | --- | --- | --- |\n");
    for setting in integration.settings {
        let value = match setting.kind {
            Kind::Url(_) => "address".to_owned(),
            Kind::Secret(_) => "secret text".to_owned(),
            Kind::Text(_) => "text".to_owned(),
            Kind::Switch(_) => "`true`, `false`".to_owned(),
            Kind::Number(min, max, _) => format!("{min} to {max}"),
            Kind::Choice(choices) => choices
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", "),
            Kind::EventSwitches => "event → `true`, `false`".to_owned(),
            Kind::EventNames(_) => "event → text".to_owned(),
            Kind::Own(_) => "see below".to_owned(),
        };
        let default = match setting.kind {
            Kind::EventSwitches => "all but the synthetic events".to_owned(),
            Kind::EventNames(_) => "see below".to_owned(),
            Kind::Own(_) => "see below".to_owned(),
            _ => match setting.default() {
                serde_json::Value::Null => "–".to_owned(),
                value => format!("`{}`", value.to_string().trim_matches('"')),
            },
        };
        writeln!(
            text,
            "| `{}` | {value} | {default} | {} |",
            setting.path, setting.about
        )
        .unwrap();
    }
    text.push('\n');
    text
}
