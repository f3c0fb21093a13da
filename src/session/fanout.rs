//! Events to many consumers. A slow one gets merged deltas, never a gap among the durable events.

use crate::protocol::{Body, Delta, Event, TermEvent};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use tokio::sync::Notify;

/// The sending side: one for a session.
#[derive(Default)]
pub(super) struct Fanout {
    queues: Mutex<Vec<Weak<Queue>>>,
}

/// A consumer's own queue. It ends (`None`) when the session has ended.
pub struct Subscriber {
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Event>,
    closed: bool,
}

impl Fanout {
    pub(super) fn subscribe(&self) -> Subscriber {
        let queue = Arc::new(Queue::default());
        lock(&self.queues).push(Arc::downgrade(&queue));
        Subscriber { queue }
    }

    pub(super) fn send(&self, event: &Event) {
        lock(&self.queues).retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            lock(&queue.inner).push(event);
            queue.ready.notify_one();
            true
        });
    }

    pub(super) fn close(&self) {
        for queue in lock(&self.queues).drain(..).filter_map(|queue| queue.upgrade()) {
            lock(&queue.inner).closed = true;
            queue.ready.notify_one();
        }
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        self.close();
    }
}

impl Subscriber {
    /// The next event; cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let notified = self.queue.ready.notified();
            {
                let mut inner = lock(&self.queue.inner);
                if let Some(event) = inner.events.pop_front() {
                    return Some(event);
                }
                if inner.closed {
                    return None;
                }
            }
            notified.await;
        }
    }

    /// The next event if there is one now.
    pub fn try_next(&mut self) -> Option<Event> {
        lock(&self.queue.inner).events.pop_front()
    }
}

impl Inner {
    fn push(&mut self, event: &Event) {
        if !event.body.is_durable() && self.merged(event) {
            return;
        }
        self.events.push_back(event.clone());
    }

    /// Whether the event went into one that still waits; durable ones are a barrier for text.
    fn merged(&mut self, event: &Event) -> bool {
        if let Body::Term(TermEvent::Changed { term, revision }) = &event.body {
            for waiting in &mut self.events {
                if let Body::Term(TermEvent::Changed { term: other, revision: old }) =
                    &mut waiting.body
                    && other == term
                {
                    *old = *revision;
                    return true;
                }
            }
            return false;
        }
        let Some(last) = self.events.back_mut() else { return false };
        match (&mut last.body, &event.body) {
            (Body::Delta(Delta::Text(old)), Body::Delta(Delta::Text(new)))
            | (Body::Delta(Delta::Thought(old)), Body::Delta(Delta::Thought(new))) => {
                old.push_str(new);
                true
            }
            (
                Body::Delta(Delta::Arguments { tool: old_tool, bytes: old }),
                Body::Delta(Delta::Arguments { tool, bytes }),
            ) if old_tool == tool => {
                *old = *bytes;
                true
            }
            (Body::Usage(old), Body::Usage(new)) if !last_is_counted(old) => {
                old.clone_from(new);
                true
            }
            _ => false,
        }
    }
}

const fn last_is_counted(usage: &crate::protocol::UsageEvent) -> bool {
    matches!(usage, crate::protocol::UsageEvent::Counted { .. })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Notice, NoticeLevel, TermId};

    fn event(body: Body) -> Event {
        Event { seq: 0, at: 0, turn: None, op: None, body }
    }

    fn text(text: &str) -> Event {
        event(Body::Delta(Delta::Text(text.into())))
    }

    fn notice(text: &str) -> Event {
        let notice = Notice { level: NoticeLevel::Info, text: text.into(), hint: None };
        event(Body::Notice(notice))
    }

    #[test]
    fn a_slow_consumer_gets_merged_deltas_and_every_durable_event_in_order() {
        let fanout = Fanout::default();
        let mut slow = fanout.subscribe();
        for event in [text("a"), text("b"), notice("one"), text("c"), notice("two"), notice("3")] {
            fanout.send(&event);
        }
        let got: Vec<_> = std::iter::from_fn(|| slow.try_next()).collect();
        assert_eq!(got, [text("ab"), notice("one"), text("c"), notice("two"), notice("3")]);
    }

    #[test]
    fn only_the_newest_revision_of_a_terminal_waits() {
        let fanout = Fanout::default();
        let mut slow = fanout.subscribe();
        let changed =
            |revision| event(Body::Term(TermEvent::Changed { term: TermId(1), revision }));
        for event in [changed(1), text("a"), changed(2)] {
            fanout.send(&event);
        }
        let got: Vec<_> = std::iter::from_fn(|| slow.try_next()).collect();
        assert_eq!(got, [changed(2), text("a")]);
    }

    #[tokio::test]
    async fn a_closed_session_ends_the_stream_after_the_last_event() {
        let fanout = Fanout::default();
        let mut subscriber = fanout.subscribe();
        fanout.send(&notice("last"));
        drop(fanout);
        assert_eq!(subscriber.next().await, Some(notice("last")));
        assert_eq!(subscriber.next().await, None);
    }
}
