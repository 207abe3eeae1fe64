//! An answer that those who ask at the same time share.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Finds an answer once for all callers that wait for it. No caller is given one
/// that was begun before they asked, so that what they did before shows in it.
#[derive(Debug)]
pub struct Shared<Q, A> {
    last: Mutex<Option<(Instant, Q, A)>>,
}

impl<Q, A> Default for Shared<Q, A> {
    fn default() -> Self {
        Self { last: Mutex::default() }
    }
}

impl<Q: PartialEq + Clone, A: Clone> Shared<Q, A> {
    /// The answer to a question, found by `find` unless it was found since this was called.
    pub async fn ask(&self, question: Q, find: impl Future<Output = A>) -> A {
        self.recent(Duration::ZERO, question, find).await
    }

    /// The same, where an answer that was begun up to `age` before this was called will do.
    pub async fn recent(&self, age: Duration, question: Q, find: impl Future<Output = A>) -> A {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((begun, same, answer)) = last.as_ref()
            && *begun + age > asked
            && *same == question
        {
            return answer.clone();
        }
        let begun = Instant::now();
        let answer = find.await;
        *last = Some((begun, question, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn those_who_ask_meanwhile_share_an_answer_begun_after_they_asked() {
        let (shared, found) = (Shared::default(), AtomicU32::new(0));
        let find = || async {
            let number = found.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            number
        };
        let ask = |question: &'static str| shared.ask(question, find());
        let (first, a, b, other) = tokio::join!(ask("x"), ask("x"), ask("x"), ask("y"));
        assert_eq!((first, other), (0, 2), "another question is another answer");
        assert_eq!((a, b), (1, 1), "what had begun when they asked is not theirs");
        assert_eq!(ask("x").await, 3, "nor is what was found before");
    }

    #[tokio::test]
    async fn many_who_ask_for_a_recent_answer_have_it_found_once() {
        let (shared, found) = (Shared::default(), AtomicU32::new(0));
        let ask = |age| shared.recent(age, (), async { found.fetch_add(1, Ordering::Relaxed) });
        let all = futures::future::join_all((0..100).map(|_| ask(Duration::from_secs(600)))).await;
        assert!(all.iter().all(|own| *own == 0), "{all:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(ask(Duration::from_millis(1)).await, 1, "one that is too old is found anew");
    }
}
