//! Progress for people who wait.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Shows what is going on, on a terminal, once it takes more than a second.
pub struct Progress(Option<Shown>);

struct Shown {
    bar: ProgressBar,
    /// Dropped when the work is done before the first second is over.
    done: Option<Sender<()>>,
    timer: Option<JoinHandle<()>>,
}

impl Progress {
    /// A progress display; hidden unless wanted and standard error is a terminal.
    pub fn new(wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        let (done, waiting) = channel::<()>();
        let later = bar.clone();
        let timer = std::thread::spawn(move || {
            if waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                later.set_draw_target(ProgressDrawTarget::stderr());
                later.enable_steady_tick(Duration::from_millis(200));
            }
        });
        Self(Some(Shown { bar, done: Some(done), timer: Some(timer) }))
    }

    /// Names what is being done now.
    pub fn phase(&self, text: impl Into<String>) {
        if let Some(shown) = &self.0 {
            shown.bar.set_message(crate::table::clean(&text.into()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(shown) = &mut self.0 {
            shown.done.take();
            // Afterwards nothing can appear below the result any more.
            if let Some(timer) = shown.timer.take() {
                let _ = timer.join();
            }
            shown.bar.finish_and_clear();
        }
    }
}
