//! What one JavaScript environment waits for, and the delivery of what has ended, turn by turn of its event loop.

use super::calls::Calls;
use super::completion::{BatchEnd, Completion, CompletionQueue, JsWake};
use super::events::Events;
use super::{Client, JsCaller, values};
use gun_native::completion_queue::Turn;
use gun_native::single_flight::WaiterHandle;
use napi::{Result, check_status, sys};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// Arguments of one call of the callback, in whole events. V8 keeps them on its stack, of which it has about a megabyte.
const MAX_ARGUMENTS: usize = 3 * 1_024;

/// Something JavaScript waits for. `hits`: calls of the batch answered from the cache.
pub enum Pending {
    Call { client: Client, handle: WaiterHandle<JsCaller> },
    Batch { client: Client, handles: Vec<WaiterHandle<JsCaller>>, calls: usize, hits: usize },
    Close,
}

/// The JavaScript thread's side, one for each time that `lib/dispatch.js` is loaded.
///
/// The callback is held weakly while nothing is pending, so that a loaded module can be collected, and strongly while
/// something is; likewise the event loop is kept alive by pending calls alone.
pub struct Dispatcher {
    env: sys::napi_env,
    callback: sys::napi_ref,
    wake: sys::napi_threadsafe_function,
    pub queue: Arc<CompletionQueue>,
    pending: RefCell<Slab<Pending>>,
    /// The environment's clients with files, which are written when it ends.
    clients: RefCell<Vec<Weak<Calls>>>,
    is_open: Cell<bool>,
    /// What was delivered since JavaScript last let the event loop go on.
    turn: Cell<Turn>,
    /// JavaScript will call [`Dispatcher::next_turn`].
    is_continuing: Cell<bool>,
}

impl Dispatcher {
    pub fn open(env: sys::napi_env, callback: sys::napi_value) -> Result<Rc<Self>> {
        let name = values::string(env, b"gun-native", true)?;
        let mut dispatcher = Self {
            env,
            callback: ptr::null_mut(),
            wake: ptr::null_mut(),
            queue: Arc::default(),
            pending: RefCell::default(),
            clients: RefCell::default(),
            is_open: Cell::new(false),
            turn: Cell::default(),
            is_continuing: Cell::new(false),
        };
        // SAFETY: `callback` is a function of this scope; a reference with count 0 is weak.
        check_status!(unsafe { sys::napi_create_reference(env, callback, 0, &mut dispatcher.callback) })?;
        let mut dispatcher = Rc::new(dispatcher);
        let context = Rc::as_ptr(&dispatcher).cast_mut().cast::<c_void>();
        let mut wake = ptr::null_mut();
        // SAFETY: the context outlives the function: `close`, which aborts it, runs before the dispatcher is gone, and what Node
        // calls after that comes without an environment and leaves the context alone.
        check_status!(unsafe {
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                1,
                1,
                ptr::null_mut(),
                None,
                context,
                Some(on_wake),
                &mut wake,
            )
        })?;
        Rc::get_mut(&mut dispatcher).expect("nobody else has it yet").wake = wake;
        // SAFETY: the function was made a moment ago, on this thread; the hook is taken back before the dispatcher is gone.
        unsafe {
            check_status!(sys::napi_unref_threadsafe_function(env, wake))?;
            check_status!(sys::napi_add_env_cleanup_hook(env, Some(on_env_end), context))?;
        }
        dispatcher.is_open.set(true);
        dispatcher.queue.open(JsWake(wake));
        Ok(dispatcher)
    }

    /// Takes note of a client that is to write its file when the environment ends.
    pub fn add_client(&self, calls: &Rc<Calls>) {
        if calls.client.has_file() {
            let mut clients = self.clients.borrow_mut();
            clients.retain(|client| client.strong_count() > 0);
            clients.push(Rc::downgrade(calls));
        }
    }

    /// Writes the files of all clients that are not closed, the default client's too. It blocks.
    pub fn persist(&self) {
        for calls in self.clients.borrow().iter().filter_map(Weak::upgrade) {
            calls.client.persist();
        }
    }

    /// Keeps something pending under a new id, which is passed to `make`.
    pub fn wait<T>(&self, make: impl FnOnce(u32) -> std::result::Result<Pending, T>) -> std::result::Result<u32, T> {
        let mut pending = self.pending.borrow_mut();
        let entry = pending.vacant_entry();
        // JavaScript's id 0 stands for calls that never wait.
        let id = entry.key() as u32 + 1;
        entry.insert(make(id)?);
        self.queue.awaits(pending.len());
        if pending.len() == 1 {
            // SAFETY: on the environment's own thread, with a reference and a function of this dispatcher.
            unsafe {
                sys::napi_reference_ref(self.env, self.callback, ptr::null_mut());
                sys::napi_ref_threadsafe_function(self.env, self.wake);
            }
        }
        Ok(id)
    }

    /// Takes what was pending under an id.
    fn take(&self, id: u32) -> Option<Pending> {
        let mut pending = self.pending.borrow_mut();
        let taken = pending.try_remove(id as usize - 1)?;
        self.queue.awaits(pending.len());
        if pending.is_empty() && self.is_open.get() {
            // SAFETY: as in `wait`, whose counterpart this is.
            unsafe {
                sys::napi_reference_unref(self.env, self.callback, ptr::null_mut());
                sys::napi_unref_threadsafe_function(self.env, self.wake);
            }
        }
        Some(taken)
    }

    /// Gives up what is pending under an id, unless it has ended and is on its way already.
    pub fn leave(&self, id: u32, client_id: u32, events: &mut Events) -> Result<()> {
        let settled = match self.pending.borrow().get(id as usize - 1) {
            Some(Pending::Call { client, handle }) if client.leave(handle) => Some((client.clone(), 1, 0)),
            Some(Pending::Batch { client, handles, calls, hits }) => {
                let left = handles.iter().filter(|handle| client.leave(handle)).count();
                (left > 0).then(|| (client.clone(), *calls, *hits))
            }
            _ => None,
        };
        let Some((client, calls, hits)) = settled else {
            return Ok(());
        };
        self.take(id);
        count_settled(&client, calls, hits, client_id, events)
    }

    /// Continues a delivery that was too much for one turn: JavaScript lets the event loop go on in between.
    pub fn next_turn(&self) -> Result<()> {
        self.is_continuing.set(false);
        self.turn.set(Turn::default());
        self.deliver()
    }

    /// Hands what has ended to JavaScript in one call, as much as is left of this turn. A wake-up during a delivery comes
    /// in the same turn of the event loop, so what is too much waits for [`Dispatcher::next_turn`].
    fn deliver(&self) -> Result<()> {
        if self.is_continuing.get() {
            return Ok(());
        }
        let mut turn = self.turn.get();
        let (completions, has_more) = self.queue.take(&mut turn);
        self.turn.set(turn);
        let mut events = Events::new(self.env);
        let mut ended = Vec::with_capacity(completions.len());
        let mut result = Ok(());
        for completion in completions {
            let id = completion.ends();
            if let Err(error) = describe(completion, &mut events) {
                // The others are delivered all the same.
                result = Err(error);
                if let Some(id) = id {
                    let _ = events.lost(id);
                }
            }
            ended.extend(id);
        }
        // The callback is looked up while what holds it strongly is still pending.
        let callback = self.callback();
        if callback.is_null() {
            // Its module was collected: nobody waits for anything, and what is left has no reader.
            self.turn.set(Turn::default());
            while self.queue.take(&mut Turn::default()).1 {}
        } else if has_more || !events.is_empty() {
            self.is_continuing.set(has_more);
            let called = self.call(callback, has_more, events.values());
            if called.is_err() && has_more {
                // Nobody will ask for the next turn.
                self.is_continuing.set(false);
                self.queue.wake();
            }
            result = result.and(called);
        }
        for id in ended {
            self.take(id);
        }
        result
    }

    /// The callback, or null once the module that gave it was collected.
    fn callback(&self) -> sys::napi_value {
        let mut callback = ptr::null_mut();
        // SAFETY: the reference lives as long as the dispatcher.
        unsafe { sys::napi_get_reference_value(self.env, self.callback, &mut callback) };
        callback
    }

    /// Calls the callback, more than once if there are very many events.
    fn call(&self, callback: sys::napi_value, has_more: bool, events: &[sys::napi_value]) -> Result<()> {
        let mut parts = events.chunks(MAX_ARGUMENTS);
        let first = self.call_with(callback, has_more, parts.next().unwrap_or_default());
        // A part that fails does not hold up the others.
        parts.fold(first, |result, part| result.and(self.call_with(callback, false, part)))
    }

    /// The events are arguments, which V8 collects faster than we could fill an array.
    fn call_with(&self, callback: sys::napi_value, has_more: bool, events: &[sys::napi_value]) -> Result<()> {
        let mut arguments = Vec::with_capacity(1 + events.len());
        arguments.push(values::boolean(self.env, has_more)?);
        arguments.extend_from_slice(events);
        let mut this = ptr::null_mut();
        // SAFETY: all values are handles of this scope.
        unsafe {
            check_status!(sys::napi_get_undefined(self.env, &mut this))?;
            let (count, first) = (arguments.len(), arguments.as_ptr());
            let status = sys::napi_call_function(self.env, this, callback, count, first, ptr::null_mut());
            if status == sys::Status::napi_pending_exception {
                // The callback catches all that users' code can throw, so this is a fault that must be seen.
                let mut error = ptr::null_mut();
                check_status!(sys::napi_get_and_clear_last_exception(self.env, &mut error))?;
                return check_status!(sys::napi_fatal_exception(self.env, error));
            }
            check_status!(status)
        }
    }

    /// Cuts the way to JavaScript and gives up all that is pending.
    fn close(&self) {
        if !self.is_open.replace(false) {
            return;
        }
        self.persist();
        self.queue.close();
        for (_, pending) in self.pending.take() {
            match pending {
                Pending::Call { client, handle } => {
                    client.leave(&handle);
                }
                Pending::Batch { client, handles, .. } => handles.iter().for_each(|handle| {
                    client.leave(handle);
                }),
                Pending::Close => {}
            }
        }
        let mode = sys::ThreadsafeFunctionReleaseMode::abort;
        // SAFETY: the one release of the one thread that the function was made for; nobody calls it any more.
        unsafe { sys::napi_release_threadsafe_function(self.wake, mode) };
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        if self.is_open.get() {
            let context = ptr::from_ref(self).cast_mut().cast::<c_void>();
            // SAFETY: the environment lives, or `on_env_end` would have closed the dispatcher.
            unsafe {
                sys::napi_remove_env_cleanup_hook(self.env, Some(on_env_end), context);
                sys::napi_delete_reference(self.env, self.callback);
            }
            self.close();
        }
    }
}

/// Writes a completion as events.
fn describe(completion: Completion, events: &mut Events) -> Result<()> {
    match completion {
        Completion::Call { id, outcome, info, is_watched, as_body, client_id, client } => {
            count_settled(&client, 1, usize::from(info.is_hit), client_id, events)?;
            if is_watched {
                events.info(id, info)?;
            }
            events.outcome(id, &outcome, as_body)
        }
        Completion::Batch { id, part, end } => {
            if let Some(BatchEnd { calls, hits, client_id, client }) = &end {
                count_settled(client, *calls, *hits, *client_id, events)?;
            }
            events.part(id, &part, end.is_some())
        }
        Completion::Retry { id, watch, retry } => events.retry(id, watch, &retry),
        Completion::Notice { client_id, notice } => events.notice(client_id, &notice),
        Completion::Closed { id } => events.closed(id),
        Completion::Flushed { id, result: Ok(()) } => events.closed(id),
        Completion::Flushed { id, result: Err(error) } => events.failure(id, &error),
    }
}

/// Counts calls as settled, hits first, as those were answered before the others, and adds the lines that are due.
pub fn count_settled(client: &Client, calls: usize, hits: usize, client_id: u32, events: &mut Events) -> Result<()> {
    for call in 0..calls {
        if let Some(line) = client.count_settled(call < hits) {
            events.line(client_id, &line.to_string())?;
        }
    }
    Ok(())
}

unsafe extern "C" fn on_wake(env: sys::napi_env, _function: sys::napi_value, context: *mut c_void, _data: *mut c_void) {
    if env.is_null() {
        return;
    }
    // SAFETY: with an environment there is a dispatcher; see `Dispatcher::open`.
    let dispatcher = unsafe { &*context.cast::<Dispatcher>() };
    // An error here means that Node has no memory for a handle; there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| dispatcher.deliver()));
}

unsafe extern "C" fn on_env_end(context: *mut c_void) {
    // SAFETY: a dispatcher takes its hook back before it is gone.
    let dispatcher = unsafe { &*context.cast::<Dispatcher>() };
    let _ = catch_unwind(AssertUnwindSafe(|| dispatcher.close()));
}
