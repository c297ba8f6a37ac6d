//! What has to wait before it begins is sent only if its customer is still as it was when it was claimed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    SECOND, bought, branch, buyers, enable, fates_of, settle_down, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Received, Vendor};

/// Of the machine's own time: what begins later than this after it was claimed is looked at once more.
const LATE: Duration = Duration::from_millis(300);

/// A second later, so that it shows that the profile was changed.
async fn change(customer: &Customer<'_>, method: &str, path: &str, body: &Value) {
    let clock = &customer.server.state.clock;
    clock.move_to(clock.now() + SECOND).unwrap();
    let answer = customer.call(method, path, body).await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
}

fn opted_out() -> Value {
    json!({"analytics_disabled": true})
}

/// The transactions that the webhook was told of, in order.
fn told(vendor: &Vendor) -> Vec<String> {
    let transaction = |request: Received| request.json()["event_properties"]["transaction_id"].clone();
    let all = vendor.received().into_iter().map(transaction);
    all.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn behind_a_request_nothing_begins_of_who_has_opted_out_or_gone() {
    for backend in ALL {
        for (method, body) in [("PATCH", opted_out()), ("DELETE", Value::Null)] {
            let gate = Gate::closed();
            let held = gate.clone();
            let vendor = Vendor::with(move |_, _| held.holds(Manner::Answers(200, "{}"))).await;
            let server = TestServer::on(backend).await;
            enable(&server, "webhook", webhook(&vendor.url)).await;
            let customer = Customer::new(&server, "ann").await;
            for number in 1..=4 {
                customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
            }
            let _working = work(&server);
            vendor.until_count(1).await;
            change(&customer, method, PROFILE, &body).await;
            tokio::time::sleep(LATE).await;
            gate.open();
            settle_down(&server.state).await;
            assert_eq!(told(&vendor), ["t1"], "{backend:?} {method}");
            let fates = fates_of(&server, "webhook", "").await;
            let expected: &[&str] = match method {
                "DELETE" => &[],
                _ => &[
                    "t1 delivered",
                    "t2 skipped analytics_disabled",
                    "t3 skipped analytics_disabled",
                    "t4 skipped analytics_disabled",
                ],
            };
            assert_eq!(fates, expected, "{backend:?} {method}");
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn what_waits_for_the_rate_goes_out_as_the_customer_is_then_or_not_at_all() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let slow = with(branch(&vendor.url), json!({"requests_per_second": 1}));
        enable(&server, "branch", slow).await;
        buyers(&server, 0..4).await;
        let _working = work(&server);
        vendor.until_count(1).await;
        // Which goes first is chance. The next one follows in a second.
        let first = vendor.received()[0].json()["event_data"]["transaction_id"].clone();
        let names = ["user-0", "user-1", "user-2", "user-3"];
        let mut others = names.into_iter().filter(|name| first != **name);
        let [changed, out, gone] = [(); 3].map(|()| Customer {
            server: &server,
            id: others.next().unwrap(),
        });
        let (another, opted_out) = (json!({"branch_id": "another"}), opted_out());
        tokio::join!(
            change(&changed, "POST", IDENTIFIERS, &another),
            change(&out, "PATCH", PROFILE, &opted_out),
            change(&gone, "DELETE", PROFILE, &Value::Null),
        );
        settle_down(&server.state).await;
        let sent: Vec<_> = vendor
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        assert_eq!(sent.len(), 2, "{backend:?}: {sent:?}");
        assert!(sent[1].contains("\"another\""), "{backend:?}: {sent:?}");
        let mut expected = [
            format!("{} delivered", first.as_str().unwrap()),
            format!("{} delivered", changed.id),
            format!("{} skipped analytics_disabled", out.id),
        ];
        expected.sort();
        assert_eq!(fates_of(&server, "branch", "").await, expected, "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn events_of_a_profile_that_is_changed_between_them_arrive_in_order() {
    for backend in ALL {
        let late = |_: &Received, _| Manner::Late(Duration::from_millis(150), 200, "{}");
        let vendor = Vendor::with(late).await;
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        let all: Vec<_> = (1..=7).map(|number| format!("t{number}")).collect();
        for transaction in &all {
            customer.post(TRANSACTION, &bought(transaction)).await;
        }
        let _working = work(&server);
        for count in [2, 4, 6] {
            vendor.until_count(count).await;
            let news = json!({"branch_id": format!("b{count}")});
            change(&customer, "POST", IDENTIFIERS, &news).await;
        }
        settle_down(&server.state).await;
        assert_eq!(told(&vendor), all, "{backend:?}");
        assert_conserved(&server).await;
    }
}
