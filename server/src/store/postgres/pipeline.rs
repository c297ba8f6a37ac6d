//! Many requests on one connection without waiting for an answer between them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{BoxFuture, maybe_done};

/// Sends all requests in order, then awaits all answers. A request is sent when its future is first polled.
///
/// One that fails there and then was not sent (a parameter that cannot be encoded, a closed connection). Nothing
/// behind it is sent either, least of all a commit; then the answers are fewer, and the last is that error.
pub(super) async fn pipelined<T, E>(requests: Vec<BoxFuture<'_, Result<T, E>>>) -> Vec<Result<T, E>> {
    let mut requests: Vec<_> = requests.into_iter().map(maybe_done).collect();
    let mut sent = 0;
    poll_fn(|context| {
        for request in &mut requests {
            let mut request = Pin::new(request);
            sent += 1;
            // Not ready, as a rule: this poll is what sends it. Its answer is awaited below.
            let _: Poll<()> = request.as_mut().poll(context);
            if matches!(request.output_mut(), Some(Err(_))) {
                break;
            }
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(sent);
    for request in &mut requests[..sent] {
        let mut request = Pin::new(request);
        request.as_mut().await;
        answers.push(request.take_output().expect("it has just been awaited"));
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A request that notes its name when it is sent, and is answered only after that.
    fn request<'l>(
        log: &'l Mutex<Vec<&'static str>>,
        name: &'static str,
    ) -> BoxFuture<'l, Result<&'static str, ()>> {
        Box::pin(async move {
            log.lock().unwrap().push(name);
            tokio::task::yield_now().await;
            log.lock().unwrap().push("answer");
            Ok(name)
        })
    }

    #[tokio::test]
    async fn all_are_sent_in_order_before_the_first_answer() {
        let log = Mutex::default();
        let names = ["first", "second", "commit"];
        let answers = pipelined(names.map(|name| request(&log, name)).into()).await;
        assert_eq!(answers, names.map(Ok));
        assert_eq!(log.lock().unwrap()[..4], ["first", "second", "commit", "answer"]);
    }

    #[tokio::test]
    async fn a_commit_is_not_sent_behind_a_write_that_could_not_be() {
        let log = Mutex::default();
        let broken: BoxFuture<'_, _> = Box::pin(async { Err(()) });
        let requests = vec![request(&log, "first"), broken, request(&log, "commit")];
        assert_eq!(pipelined(requests).await, [Ok("first"), Err(())]);
        assert_eq!(*log.lock().unwrap(), ["first", "answer"]);
    }
}
