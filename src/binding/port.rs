//! What one JavaScript environment waits for, and the handing over of what has ended.

use super::outbox::{Item, Outbox};
use super::report::Report;
use super::{Client, JsCaller, values};
use crate::single_flight::WaiterHandle;
use napi::{Result, check_status, sys};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

/// Something JavaScript waits for. Of a batch's calls that began, so many were hits.
pub enum Pending {
    Call { client: Client, handle: WaiterHandle<JsCaller> },
    Batch { client: Client, handles: Vec<WaiterHandle<JsCaller>>, calls: usize, hits: usize },
    Close,
}

/// The JavaScript thread's side, one for each time that `lib/dispatch.js` is loaded.
///
/// The callback is held weakly while nothing is pending, so that a loaded module can be collected, and strongly while
/// something is; likewise the event loop is kept alive by pending calls alone.
pub struct Port {
    env: sys::napi_env,
    callback: sys::napi_ref,
    wake: sys::napi_threadsafe_function,
    pub outbox: Arc<Outbox>,
    pending: RefCell<Slab<Pending>>,
    is_open: Cell<bool>,
}

impl Port {
    pub fn open(env: sys::napi_env, callback: sys::napi_value) -> Result<Rc<Self>> {
        let name = values::string(env, "gun-native", true)?;
        let mut port = Self {
            env,
            callback: ptr::null_mut(),
            wake: ptr::null_mut(),
            outbox: Arc::default(),
            pending: RefCell::default(),
            is_open: Cell::new(false),
        };
        // SAFETY: `callback` is a function of this scope; a reference with count 0 is weak.
        check_status!(unsafe { sys::napi_create_reference(env, callback, 0, &mut port.callback) })?;
        let mut port = Rc::new(port);
        let context = Rc::as_ptr(&port).cast_mut().cast::<c_void>();
        let mut wake = ptr::null_mut();
        // SAFETY: the context outlives the function: `close`, which aborts it, runs before the port is gone, and what Node
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
        Rc::get_mut(&mut port).expect("nobody else has the port yet").wake = wake;
        // SAFETY: the function was made a moment ago, on this thread; the hook is taken back before the port is gone.
        unsafe {
            check_status!(sys::napi_unref_threadsafe_function(env, wake))?;
            check_status!(sys::napi_add_env_cleanup_hook(env, Some(on_env_end), context))?;
        }
        port.is_open.set(true);
        port.outbox.open(wake);
        Ok(port)
    }

    /// Keeps something pending under an id of its own, which `make` is told.
    pub fn wait<T>(&self, make: impl FnOnce(u32) -> std::result::Result<Pending, T>) -> std::result::Result<u32, T> {
        let mut pending = self.pending.borrow_mut();
        let entry = pending.vacant_entry();
        // JavaScript's id 0 stands for calls that never wait.
        let id = entry.key() as u32 + 1;
        entry.insert(make(id)?);
        if pending.len() == 1 {
            // SAFETY: on the environment's own thread, with a reference and a function of this port.
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
    pub fn leave(&self, id: u32, client_id: u32, report: &mut Report) -> Result<()> {
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
        count_settled(&client, calls, hits, client_id, report)
    }

    /// Hands what has ended to JavaScript in one call, and what is too much for one turn of the loop in the next.
    fn deliver(&self) -> Result<()> {
        let (items, has_more) = self.outbox.take();
        if has_more {
            self.outbox.wake();
        }
        let mut report = Report::new(self.env);
        let mut ended = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Call { id, outcome, info, is_watched, client_id, client } => {
                    count_settled(&client, 1, usize::from(info.is_hit), client_id, &mut report)?;
                    if is_watched {
                        report.info(id, info)?;
                    }
                    report.outcome(id, &outcome)?;
                    ended.push(id);
                }
                Item::Batch { id, answer, client_id, client } => {
                    count_settled(&client, answer.calls, answer.hits, client_id, &mut report)?;
                    report.batch(id, &answer)?;
                    ended.push(id);
                }
                Item::Retry { id, watch, retry } => report.retry(id, watch, &retry)?,
                Item::Notice { client_id, notice } => report.notice(client_id, &notice)?,
                Item::Closed { id } => {
                    report.closed(id)?;
                    ended.push(id);
                }
            }
        }
        // The callback is looked up while what holds it strongly is still pending.
        let callback = self.callback();
        let called = if report.is_empty() || callback.is_null() {
            Ok(())
        } else {
            report.into_array().and_then(|array| self.call(callback, array))
        };
        for id in ended {
            self.take(id);
        }
        called
    }

    /// The callback, or null once the module that gave it was collected.
    fn callback(&self) -> sys::napi_value {
        let mut callback = ptr::null_mut();
        // SAFETY: the reference lives as long as the port.
        unsafe { sys::napi_get_reference_value(self.env, self.callback, &mut callback) };
        callback
    }

    fn call(&self, callback: sys::napi_value, argument: sys::napi_value) -> Result<()> {
        let mut this = ptr::null_mut();
        // SAFETY: both values are handles of this scope.
        unsafe {
            check_status!(sys::napi_get_undefined(self.env, &mut this))?;
            let status = sys::napi_call_function(self.env, this, callback, 1, &argument, ptr::null_mut());
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
        self.outbox.close();
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

impl Drop for Port {
    fn drop(&mut self) {
        if self.is_open.get() {
            let context = ptr::from_ref(self).cast_mut().cast::<c_void>();
            // SAFETY: the environment lives, or `on_env_end` would have closed the port.
            unsafe {
                sys::napi_remove_env_cleanup_hook(self.env, Some(on_env_end), context);
                sys::napi_delete_reference(self.env, self.callback);
            }
            self.close();
        }
    }
}

/// Counts calls as settled, hits first, as those were answered before the others, and adds the lines that are due.
pub fn count_settled(client: &Client, calls: usize, hits: usize, client_id: u32, report: &mut Report) -> Result<()> {
    for call in 0..calls {
        if let Some(line) = client.count_settled(call < hits) {
            report.line(client_id, &line.to_string())?;
        }
    }
    Ok(())
}

unsafe extern "C" fn on_wake(env: sys::napi_env, _function: sys::napi_value, context: *mut c_void, _data: *mut c_void) {
    if env.is_null() {
        return;
    }
    // SAFETY: with an environment there is a port; see `Port::open`.
    let port = unsafe { &*context.cast::<Port>() };
    // An error here means that Node has no memory for a handle; there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| port.deliver()));
}

unsafe extern "C" fn on_env_end(context: *mut c_void) {
    // SAFETY: a port takes its hook back before it is gone.
    let port = unsafe { &*context.cast::<Port>() };
    let _ = catch_unwind(AssertUnwindSafe(|| port.close()));
}
