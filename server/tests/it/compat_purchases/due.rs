//! What becomes due by time alone.

use bursar::actions::purchases::handle_due;

use crate::support::backend::ALL;
use crate::support::purchases::{Customer, TRANSACTION, numbered, subscription};
use crate::support::server::TestServer;

const CUSTOMERS: u64 = 20;
const MONTH: i64 = 31 * 24 * 60 * 60 * 1_000_000;

#[tokio::test]
async fn two_who_handle_what_is_due_at_once_do_the_work_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for n in 0..CUSTOMERS {
            let name = format!("user-{n}");
            let customer = Customer::new(&server, &name).await;
            let transaction = numbered(subscription(), &format!("t{n}"));
            customer.post(TRANSACTION, &transaction).await;
        }
        let later = server.state.clock.now() + MONTH;
        server.state.clock.move_to(later).unwrap();
        let before = server.changes().await;
        let (one, other) = tokio::join!(handle_due(&server.state, later), handle_due(&server.state, later));
        one.and(other).unwrap();
        assert_eq!(server.changes().await, before + CUSTOMERS, "{backend:?}");
    }
}
