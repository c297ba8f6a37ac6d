//! Why a delivery is where it is: the rules that decide, in their order, as sentences.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::integrations::{
    Customer, Limits, Occasion, Probe, Skip, Told, Tried, currency_without_rate,
};
use bursar_domain::profile::{Details, Profile};
use bursar_domain::time::format_time;

use super::body::next_attempt_at;
use super::id::{DeliveryId, name};
use crate::actions::deliveries::{Before, Gate, refuses_again};
use crate::delivery::{Pause, map, read_event};
use crate::directory::{App, AppIntegration};
use crate::store::tables::delivery_list::Shown;
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::past_events::PastEvent;

/// An event, whose it is, and what came of it at one part of an integration.
pub struct Subject<'a> {
    /// The app.
    pub app: &'a App,
    /// The event and the part.
    pub id: DeliveryId,
    /// The event.
    pub event: &'a PastEvent,
    /// The event in the form of the webhook.
    pub payload: &'a str,
    /// Whose it is.
    pub profile: &'a Profile,
    /// The rest of the profile.
    pub details: &'a Details,
    /// The delivery, if there is one.
    pub shown: Option<&'a Shown>,
    /// What pauses there, as far as this server knows.
    pub pauses: Vec<Pause>,
    /// Now, in microseconds.
    pub now: i64,
}

/// The sentences.
pub fn sentences(subject: &Subject<'_>) -> Vec<String> {
    let Some(known) = subject.app.integration(subject.id.integration.slug) else {
        return vec![
            format!("{} was never set up for this app.", subject.id.integration.title),
            subject.takes(),
            subject.state(None),
        ];
    };
    let mut all = vec![switch(known, &subject.app.settings), subject.takes()];
    all.extend(subject.part(known));
    all.push(subject.event_switch(known));
    all.extend(subject.timer(known));
    all.extend(subject.consent(known));
    let (encoding, outcome) = subject.encoding(known);
    all.extend(encoding);
    let is_too_old = matches!(outcome, Some(Err(Skip::TooOld)));
    all.extend(subject.age(known, is_too_old));
    let route = outcome.and_then(Result::ok);
    all.extend(subject.pause(route.as_deref()));
    all.push(subject.tries());
    all.push(subject.state(Some(known)));
    all
}

fn switch(known: &AppIntegration, of_app: &AppSettings) -> String {
    let title = known.integration.title;
    let has_handshake = matches!(known.integration.probe, Probe::Handshake(..));
    match &known.why_blocked(of_app) {
        _ if !known.enabled => format!("{title} is switched off: nothing is sent until it is on."),
        Some(why) if has_handshake && known.blocked.is_some() => format!(
            "{title} is on but blocked: {why}. It goes on when a handshake has passed: test it, or save its settings, once that is mended."
        ),
        Some(why) if known.blocked.is_some() => {
            format!("{title} is on but blocked: {why}. It goes on when its settings are mended and saved.")
        }
        Some(why) => format!(
            "{title} is on but blocked: {why}. Events are skipped until the credentials are there: replay them after that."
        ),
        None => format!("{title} is on."),
    }
}

impl Subject<'_> {
    fn kind(&self) -> EventKind {
        self.event.kind
    }

    fn takes(&self) -> String {
        let (title, kind) = (self.id.integration.title, self.kind().as_str());
        if (self.id.integration.takes)(self.kind()) {
            format!("{title} takes events of the kind {kind}.")
        } else {
            format!("{title} has no place for events of the kind {kind}.")
        }
    }

    fn part(&self, known: &AppIntegration) -> Option<String> {
        let part = self.id.part;
        let wanted = if part.is_wanted(&known.settings, self.kind()) {
            "ask"
        } else {
            "do not ask"
        };
        (!part.name.is_empty()).then(|| format!("The settings {wanted} for its call {} here.", part.name))
    }

    fn event_switch(&self, known: &AppIntegration) -> String {
        let kind = self.kind().as_str();
        let name = known.settings.event_name(self.kind());
        if known.settings.get("events")[kind] != true {
            format!("The event is switched off: events.{kind}.")
        } else if name.is_empty() {
            format!("The event is switched off, because its name is empty: event_names.{kind}.")
        } else if name == kind {
            "The event is switched on.".into()
        } else {
            format!("The event is switched on and called {name:?} there.")
        }
    }

    /// Whose timer made the event, where it was not this integration's.
    fn timer(&self, known: &AppIntegration) -> Option<String> {
        let is_closed = self.shown.is_none_or(|shown| shown.open.is_none());
        let is_of_others = is_closed && Before::of(self.shown).is_of_others(self.kind());
        let title = known.integration.title;
        is_of_others.then(|| {
            format!("The event was made for another integration's timer: {title} had not asked for it, and does not get it by hand either.")
        })
    }

    /// What the customer and the time of the installation have to say.
    fn consent(&self, known: &AppIntegration) -> [String; 2] {
        let gate = Gate::new(self.kind(), self.event.at, None, self.details);
        // What is reported later is not looked at again.
        let judged = self
            .shown
            .and_then(|shown| Before::of(Some(shown)).judged_at(shown));
        let was_known = judged.is_none_or(|at| gate.known_by(self.details, at).installed_at.is_some());
        let analysed = if gate.analytics_disabled {
            "The customer has opted out of analytics: nothing is sent."
        } else {
            "The customer has not opted out of analytics."
        };
        let excludes = known.settings.is("exclude_historical_events");
        let installed = match gate.installed_at {
            None => "No installation of the profile is known, so the event is not from before it.",
            Some(_) if !was_known => {
                "The first installation was reported after the delivery was made, so the event does not count as from before it."
            }
            Some(installed) if self.event.at >= installed => {
                "The event is not from before the first installation."
            }
            Some(_) if excludes => {
                "The event is from before the first installation; such events are excluded: exclude_historical_events."
            }
            Some(_) => "The event is from before the first installation; such events are not excluded.",
        };
        [analysed.to_owned(), installed.to_owned()]
    }

    /// What the integration itself makes of the event now: in sentences, and on which route it goes, if it does.
    fn encoding(&self, known: &AppIntegration) -> (Vec<String>, Option<Result<String, Skip>>) {
        if known.has_lost_secrets() {
            // It would be told what is missing, and nothing is: it cannot be read.
            return (Vec::new(), None);
        }
        let mut targets = known.targets.iter();
        if !targets.any(|target| target.part.name == self.id.part.name) {
            return (Vec::new(), None);
        }
        let told = read_event(
            self.event.id,
            self.kind(),
            self.event.at,
            self.event.created_at,
            self.payload,
        );
        let told = told.as_ref();
        let route = told
            .map_err(Clone::clone)
            .and_then(|told| self.route(known, told));
        let (title, source) = (known.integration.title, source(told.ok()));
        let credentials = format!("There are credentials for {source}.");
        let encoding = match &route {
            Ok(_) => {
                let amount = told.ok().and_then(|told| amount(known, told));
                let identifiers = self.identifiers(known);
                [credentials, identifiers].into_iter().chain(amount).collect()
            }
            Err(Skip::MissingCredentials(setting)) => {
                vec![format!(
                    "There are no credentials for {source}: {setting} is not set."
                )]
            }
            Err(Skip::NotYet { until }) => {
                vec![format!("It is not to be sent before {}.", format_time(*until))]
            }
            Err(Skip::Waiting { identifiers, until }) => vec![waiting(identifiers, *until)],
            Err(skip) => vec![credentials, format!("{title} cannot tell of this event: {skip}.")],
        };
        (encoding, Some(route))
    }

    /// On which route the event goes now.
    fn route(&self, known: &AppIntegration, event: &Told<'_>) -> Result<String, Skip> {
        let occasion = Occasion {
            event,
            customer: &Customer::new(self.profile, self.details, &self.app.settings, self.now),
            settings: &known.settings,
            part: self.id.part.name,
            made_at: self.event.created_at,
            now: self.now,
        };
        map(&occasion, known).map(|record| record.route)
    }

    /// By which identifiers it goes.
    fn identifiers(&self, known: &AppIntegration) -> String {
        let (title, names) = (known.integration.title, known.integration.identifiers);
        let there: Vec<_> = names
            .iter()
            .filter(|name| self.profile.identifiers.get(name).is_some())
            .copied()
            .collect();
        match (names, there.as_slice()) {
            ([], _) => format!("{title} needs no identifier."),
            (_, []) => format!(
                "An identifier is found: not one of {}, but another that will do.",
                names.join(", ")
            ),
            (_, there) => format!("An identifier is found: {}.", there.join(", ")),
        }
    }

    /// How old it may become. Nothing is told where a limit of the integration's own has ended, which is not known here.
    fn age(&self, known: &AppIntegration, is_too_old: bool) -> Option<String> {
        let (title, limits) = (known.integration.title, &known.integration.limits);
        let open = self.shown.and_then(|shown| shown.open.as_ref());
        let first_at = open.and_then(|open| open.first_tried_at);
        if let Some(hours) = first_at.and(limits.repeat_age_hours) {
            return Some(format!(
                "{title} gets it again for {hours} hours after it was made, or was asked for again by hand."
            ));
        }
        let tried = first_at.map(|first_at| Tried {
            first_at,
            made_at: self.event.created_at,
        });
        let is_over = is_too_old
            || self
                .shown
                .is_some_and(|shown| shown.state == DeliveryState::Expired);
        match limits.ends_at(self.event.at, tried) {
            Some(end) if self.now > end => Some(format!(
                "{title} does not take it any more: it did until {}.",
                format_time(end)
            )),
            _ if is_over => self.end_of_repeats(title, limits),
            None => Some(format!("{title} takes it however old it is.")),
            Some(end) => Some(format!("{title} takes it until {}.", format_time(end))),
        }
    }

    /// Why nothing is sent on a route for a while, if so; of what has none, why nothing is sent at all.
    fn pause(&self, route: Option<&str>) -> Option<String> {
        self.shown?.open.as_ref()?;
        let integration = self.id.integration;
        let mut pauses = self.pauses.iter();
        let pause = pauses.find(|pause| match route {
            Some(route) => pause.holds_for(integration, route),
            None => pause.setting.is_none(),
        })?;
        let address = pause.setting.as_ref().map(|setting| format!("'s {setting}"));
        let (title, address) = (integration.title, address.unwrap_or_default());
        Some(format!("Nothing is sent to {title}{address} {}.", pause.words))
    }

    /// What ended the repeats of one that expired. When it was first tried is not kept with it, but how long after that is.
    fn end_of_repeats(&self, title: &str, limits: &Limits) -> Option<String> {
        let shown = self.shown?;
        let is_repeat = shown.tries > 0 && shown.reason.as_deref() == Some(Skip::TooOld.name());
        let (hours, since) = match (limits.repeat_age_hours, limits.repeat_hours) {
            _ if !is_repeat => return None,
            (Some(hours), _) => (hours, "it was made, or was asked for again by hand"),
            (None, Some(hours)) => (hours, "it was first tried"),
            (None, None) => return None,
        };
        Some(format!(
            "{title} gets nothing again more than {hours} hours after {since}."
        ))
    }

    fn tries(&self) -> String {
        let Some(shown) = self.shown else {
            return "It has not been tried.".into();
        };
        let tried = match shown.tries {
            0 => "It has not been tried".to_owned(),
            1 => "It has been tried once".to_owned(),
            times => format!("It has been tried {times} times"),
        };
        match (next_attempt_at(shown), &shown.open) {
            (Some(next), _) => format!("{tried}; it is looked at next at {}.", format_time(next)),
            (None, Some(open)) if open.turn != shown.event => {
                format!(
                    "{tried}; it comes after {}.",
                    name(open.turn, &shown.slug, &shown.part)
                )
            }
            (None, Some(_)) if shown.state == DeliveryState::Sending => {
                format!("{tried}, and is being sent.")
            }
            (None, _) => format!("{tried}."),
        }
    }

    fn state(&self, known: Option<&AppIntegration>) -> String {
        let Some(shown) = self.shown else {
            let none = "There is no delivery: none was made with the event.";
            let is_replayed = known.is_some_and(|known| self.is_replayed(known));
            let replay = if is_replayed { " A replay makes one." } else { "" };
            return format!("{none}{replay}");
        };
        let since = format_time(shown.updated_at);
        let reason = shown.reason.as_ref().map(|reason| format!(": {reason}"));
        let replay = shown.replay.map(|replay| format!(", by the replay {replay}"));
        format!(
            "It is {} since {since}{}{}.",
            shown.state.name(),
            replay.unwrap_or_default(),
            reason.unwrap_or_default()
        )
    }

    /// Would a replay make a delivery where there is none?
    fn is_replayed(&self, known: &AppIntegration) -> bool {
        let refused = refuses_again(known, self.event, self.details, Before::of(None), self.now);
        refused.is_none() && self.id.part.is_wanted(&known.settings, self.kind())
    }
}

/// That the event's amount cannot be told, if so.
fn amount(known: &AppIntegration, told: &Told<'_>) -> Option<String> {
    let currency = currency_without_rate(told, &known.settings)?;
    Some(format!(
        "No rate for {currency} was known when the event was made: it is told without an amount."
    ))
}

/// Where the event comes from; `None`: that cannot be read.
fn source(told: Option<&Told<'_>>) -> String {
    told.map_or_else(
        || "its store".to_owned(),
        |told| format!("{} in {:?}", told.store(), told.environment()),
    )
}

fn waiting(identifiers: &[&str], until: Option<i64>) -> String {
    let names = identifiers.join(" or ");
    match until.map(format_time) {
        Some(until) => {
            format!("An identifier is missing: it waits for {names}, and is looked at again at {until}.")
        }
        None => format!("No identifier is found: it waits for {names}."),
    }
}
