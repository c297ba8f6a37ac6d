//! Which records travel together.

use super::turn::Ready;

/// Records by what can share a request: their route, whether they are apart, their number and their bytes.
pub fn batches(
    ready: Vec<Ready>,
    most: usize,
    most_bytes: Option<u32>,
    is_apart: impl Fn(&Ready) -> bool,
) -> Vec<Vec<Ready>> {
    let most_bytes = most_bytes.map_or(usize::MAX, |bytes| bytes as usize);
    let mut open: Vec<(Vec<Ready>, usize)> = Vec::new();
    let mut full = Vec::new();
    for record in ready {
        let bytes = record.record.body.len();
        if record.alone || most == 1 {
            full.push(vec![record]);
            continue;
        }
        let shares =
            |other: &Ready| other.record.route == record.record.route && is_apart(other) == is_apart(&record);
        let place = open.iter().position(|(batch, _)| shares(&batch[0]));
        match place {
            Some(place) if open[place].1 + bytes > most_bytes / 10 * 9 => {
                full.push(std::mem::replace(&mut open[place], (vec![record], bytes)).0);
            }
            Some(place) => {
                open[place].0.push(record);
                open[place].1 += bytes;
            }
            None => open.push((vec![record], bytes)),
        }
        if let Some(place) = open.iter().position(|(batch, _)| batch.len() >= most) {
            full.push(open.swap_remove(place).0);
        }
    }
    full.extend(open.into_iter().map(|(batch, _)| batch));
    full
}

#[cfg(test)]
mod tests {
    use bursar_domain::ids::ProfileId;
    use bursar_domain::integrations::Record;
    use uuid::Uuid;

    use super::super::mask::Mask;
    use super::super::settling::tests::settlements;
    use super::super::texts::Texts;
    use super::super::turn::Counts;
    use super::*;

    /// Records of these routes, of thirty bytes each; those of `lone` need a request of their own.
    fn ready(routes: &str) -> Vec<Ready> {
        let (settlements, routes) = (settlements(routes.len()), routes.split_terminator(' '));
        let each = settlements
            .into_iter()
            .zip(routes)
            .map(|(settlement, route)| Ready {
                held: settlement.held,
                record: Record {
                    route: route.to_owned(),
                    body: "x".repeat(30),
                },
                alone: route == "lone",
                counts: Counts::default(),
                profile: ProfileId(Uuid::nil()),
                profile_changed_at: 0,
                mask: Mask::of_nobody(),
                ids: Texts::default(),
                sharers: Texts::default(),
            });
        each.collect()
    }

    /// The routes of each request.
    fn routes(batches: Vec<Vec<Ready>>) -> Vec<String> {
        let of_batch = |batch: Vec<Ready>| {
            let routes = batch.into_iter().map(|ready| ready.record.route);
            routes.collect::<Vec<_>>().join(" ")
        };
        batches.into_iter().map(of_batch).collect()
    }

    #[test]
    fn a_request_carries_no_more_than_the_third_party_takes() {
        let shared = |most, bytes| routes(batches(ready("a a a a a a a"), most, bytes, |_| false));
        assert_eq!(shared(4, None), ["a a a a", "a a a"]);
        assert_eq!(shared(1, None), ["a"; 7]);
        // A tenth is left for what stands around the records.
        assert_eq!(shared(9, Some(100)), ["a a a", "a a a", "a"]);
        assert_eq!(shared(2, Some(100)), ["a a", "a a", "a a", "a"]);
        assert_eq!(shared(9, Some(10)), ["a"; 7], "one that is too large goes alone");
    }

    #[test]
    fn what_does_not_go_together_goes_apart() {
        let is_old = |ready: &Ready| ready.held.lane.id.as_u128() >= 4;
        let mut shared = routes(batches(ready("a b lone a a b a"), 9, None, is_old));
        shared.sort();
        assert_eq!(shared, ["a a", "a a", "b", "b", "lone"]);
    }
}
