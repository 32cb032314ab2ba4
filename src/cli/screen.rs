//! The full-screen view on a terminal: its thread, its keys, and a terminal that is put back
//! whatever happens.
//!
//! It draws on stderr, since stdout carries data. The thread looks at the run twice a second; the
//! thread that merges is held up only while the figures are taken over, workers never are.

use std::io::{self, BufWriter, IsTerminal as _, Stderr};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use terminal_size::terminal_size_of;

use super::following::{Shared, look};
use super::interrupt::leave;
use super::output;
use super::scenario::variable;
use crate::clock::Clock;
use crate::live::{Look, draw};
use crate::run::Interrupt;
use crate::units::Moment;

/// How often the view is drawn where no key is pressed.
const DRAW_EVERY: Duration = Duration::from_millis(500);
/// How long a key waits at most, and the end of the view.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Columns and lines of a terminal that does not tell.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Whether the terminal is in the hands of a view.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// Makes sure that a panic puts the terminal back, once for all views.
static ON_PANIC: Once = Once::new();

/// The view of a run; closes when it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Whether there is a terminal to show the view on.
pub(super) fn is_possible() -> bool {
    io::stderr().is_terminal() && variable("TERM").is_none_or(|term| term != "dumb")
}

impl Screen {
    /// Takes the terminal and shows `run` on it; keys ask `interrupt`.
    ///
    /// # Errors
    ///
    /// What the terminal or the system says; the terminal is as it was then.
    pub(super) fn open(run: Shared, interrupt: Interrupt) -> io::Result<Self> {
        let terminal = take().inspect_err(|_| restore())?;
        let is_over = Arc::new(AtomicBool::new(false));
        let known = output::Terminal::of_stderr();
        let look = Look { color: known.color, blocks: known.blocks, help: false };
        let view = View { terminal, run, interrupt, is_over: Arc::clone(&is_over), look };
        let thread = thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || view.show())
            .inspect_err(|_| restore())?;
        Ok(Self { is_over, thread: Some(thread) })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A view that died has put the terminal back already.
            thread.join().unwrap_or_default();
        }
        restore();
    }
}

/// Puts the terminal back, if a view has it: for ends that go past the view.
pub(super) fn restore() {
    if IS_OPEN.swap(false, Ordering::AcqRel) {
        disable_raw_mode().unwrap_or_default();
        execute!(io::stderr(), LeaveAlternateScreen, Show).unwrap_or_default();
    }
}

type Drawn = Terminal<CrosstermBackend<BufWriter<Stderr>>>;

fn take() -> io::Result<Drawn> {
    ON_PANIC.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
    IS_OPEN.store(true, Ordering::Release);
    enable_raw_mode()?;
    execute!(io::stderr(), EnterAlternateScreen, Hide)?;
    blank(size())
}

/// The terminal with nothing on it, and nothing thought to be on it. Clearing it through its
/// library would ask where the cursor is, on stdout.
fn blank(size: Rect) -> io::Result<Drawn> {
    execute!(io::stderr(), Clear(ClearType::All))?;
    let options = TerminalOptions { viewport: Viewport::Fixed(size) };
    Terminal::with_options(CrosstermBackend::new(BufWriter::new(io::stderr())), options)
}

/// The size of the terminal behind stderr: another one may be in control, or none at all.
fn size() -> Rect {
    let (columns, lines) =
        terminal_size_of(io::stderr()).map_or(USUAL_SIZE, |(columns, lines)| (columns.0, lines.0));
    Rect::new(0, 0, columns, lines)
}

/// What the thread has.
struct View {
    terminal: Drawn,
    run: Shared,
    interrupt: Interrupt,
    is_over: Arc<AtomicBool>,
    look: Look,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Stop,
    Leave,
    Help,
    Nothing,
}

impl View {
    fn show(mut self) {
        step_back();
        let clock = Clock::start();
        let mut cell = None;
        while self.goes_on() {
            let until = clock.now() + DRAW_EVERY;
            // Without a terminal nobody looks; the run goes on.
            if self.draw(&mut cell, clock.now().since(Moment::ZERO)).is_err() {
                break;
            }
            while self.goes_on() && clock.now() < until {
                if self.key(until.since(clock.now()).min(LOOK_EVERY)) {
                    break;
                }
            }
        }
        restore();
    }

    /// Draws the run as it is `elapsed` after the view began; `cell` is the one drawn last.
    fn draw(&mut self, cell: &mut Option<u32>, elapsed: Duration) -> io::Result<()> {
        let size = size();
        let is_resized = self.terminal.get_frame().area() != size;
        let number = look(&self.run).current().map(|(_, now)| now.number);
        // Commands around cells may have written over the view.
        if std::mem::replace(cell, number) != number || is_resized {
            self.terminal = blank(size)?;
        }
        // Nobody is held up by a terminal that is slow: it is written to after the run was looked at.
        self.terminal.draw(|frame| draw(frame, &look(&self.run), elapsed, self.look)).map(drop)
    }

    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Acquire) && IS_OPEN.load(Ordering::Acquire)
    }

    /// Waits for a key at most so long, and does what it asks for; whether that is to be seen.
    fn key(&mut self, most: Duration) -> bool {
        let event = match event::poll(most) {
            Ok(true) => event::read(),
            Ok(false) => return false,
            // No keyboard; the view goes on without.
            Err(_) => {
                thread::sleep(most);
                return false;
            }
        };
        match event {
            Ok(Event::Resize(..)) => return true,
            Ok(Event::Key(key)) => match wish(key, self.interrupt.is_asked()) {
                Wish::Stop => {
                    self.interrupt.ask();
                    look(&self.run).stop();
                }
                Wish::Leave => leave(),
                Wish::Help => self.look.help = !self.look.help,
                Wish::Nothing => return false,
            },
            Ok(_) | Err(_) => return false,
        }
        true
    }
}

/// Lets every other thread go first, where threads have priorities of their own: on Linux the
/// number 0 is the thread that asks, elsewhere the whole process.
fn step_back() {
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, 19).unwrap_or_default();
}

/// What `key` asks for; in raw mode Ctrl-C is a key as any other.
fn wish(key: KeyEvent, is_stopping: bool) -> Wish {
    let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if key.kind != KeyEventKind::Press => Wish::Nothing,
        KeyCode::Char('c') if with_control && is_stopping => Wish::Leave,
        KeyCode::Char('c') if with_control => Wish::Stop,
        _ if with_control => Wish::Nothing,
        KeyCode::Char('q') => Wish::Stop,
        KeyCode::Char('Q') => Wish::Leave,
        KeyCode::Char('?' | 'h') => Wish::Help,
        _ => Wish::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Wish, wish};

    #[test]
    fn keys_ask_to_stop_to_leave_and_for_help() {
        let press = |sign| KeyEvent::new(KeyCode::Char(sign), KeyModifiers::NONE);
        let wishes = ['q', 'Q', '?', 'x'].map(|sign| wish(press(sign), false));
        assert_eq!(wishes, [Wish::Stop, Wish::Leave, Wish::Help, Wish::Nothing]);
    }

    #[test]
    fn ctrl_c_stops_and_the_second_one_leaves() {
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!([false, true].map(|stopping| wish(ctrl_c, stopping)), [Wish::Stop, Wish::Leave]);
        let ctrl_q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
        assert_eq!(wish(ctrl_q, false), Wish::Nothing);
    }
}
