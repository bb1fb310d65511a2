-- SPDX-License-Identifier: MIT
---@meta perilune.signals
-- luacheck: ignore 241 (the classes below are only there to be read)

---Signals: being told of what happens elsewhere. An app's `signals.lua` is loaded when the project starts.
---@class perilune.signals
---@field pre_init perilune.signals.Signal `args`, `kwargs`: before an instance is made
---@field post_init perilune.signals.Signal `instance`
---@field pre_save perilune.signals.Signal `instance`, `raw`, `using`, `update_fields`
---@field post_save perilune.signals.Signal `instance`, `created`, `raw`, `using`, `update_fields`
---@field pre_delete perilune.signals.Signal `instance`, `using`, `origin`
---@field post_delete perilune.signals.Signal `instance`, `using`, `origin`
---@field m2m_changed perilune.signals.Signal `instance`, `action`, `reverse`, `model`, `pk_set` (a sorted list, nil for clear), `using`
---@field class_prepared perilune.signals.Signal a model has been defined
---@field pre_migrate perilune.signals.Signal
---@field post_migrate perilune.signals.Signal
---@field request_started perilune.signals.Signal `request`, `environ` (its META); an error in a receiver is a 500
---@field request_finished perilune.signals.Signal when the last byte of the response is out; errors are logged
---@field got_request_exception perilune.signals.Signal `request`, `exception`: an error that becomes a 500
---@field setting_changed perilune.signals.Signal `setting`, `value`, `enter`: by tests
---@field template_rendered perilune.signals.Signal `template`, `context`: in tests
---@field connection_created perilune.signals.Signal `connection`
---@field user_logged_in perilune.signals.Signal `request`, `user`
---@field user_logged_out perilune.signals.Signal `request`, `user`
---@field user_login_failed perilune.signals.Signal `credentials`, `request`
---@field post_bulk_create perilune.signals.Signal Perilune's own: `bulk_create` sends no others
---@field post_bulk_update perilune.signals.Signal Perilune's own: `bulk_update` sends no others
---@field post_queryset_update perilune.signals.Signal Perilune's own: `update()` of a QuerySet sends no others
local signals = {}

---Called with the sender (`nil` when there is none) and the event; what it returns goes into the list that `send` gives.
---@alias perilune.signals.Receiver fun(sender: any, event: perilune.signals.Event): any

---The values that it was sent with, and the signal.
---@class perilune.signals.Event
---@field signal perilune.signals.Signal
---@field [string] any

---@class perilune.signals.ConnectOpts
---@field sender? any only what this sends: a model (its subclasses are others) or any other value; `"shop.Product"` for a model that may be defined later
---@field dispatch_uid? any stands for the receiver: another one with the same is not connected
---@field weak? boolean do not keep the receiver alive; once it is collected it is not called any more

---@class perilune.signals.DisconnectOpts
---@field receiver? perilune.signals.Receiver
---@field sender? any
---@field dispatch_uid? any

---@class perilune.signals.Result
---@field receiver perilune.signals.Receiver
---@field response any
---@field error? any of `send_robust`: what the receiver raised

---@class perilune.signals.Signal
local Signal = {}

---Has the receiver called for every event from now on. One that is connected to that sender already is not connected again.
---@param receiver perilune.signals.Receiver
---@param options? perilune.signals.ConnectOpts
---@return fun(): boolean off ends it
function Signal:connect(receiver, options) end

---Ends it: name what it was connected with.
---@param receiver perilune.signals.Receiver|perilune.signals.DisconnectOpts
---@param options? perilune.signals.DisconnectOpts
---@return boolean # whether something was connected
function Signal:disconnect(receiver, options) end

---Would anybody be told of an event of that sender?
---@param sender? any
---@return boolean
function Signal:has_listeners(sender) end

---Calls the receivers that are connected now, in the order in which they connected. An error in one of them ends it and is raised.
---The list is for reading.
---@param sender? any
---@param event? table
---@return perilune.signals.Result[]
function Signal:send(sender, event) end

---The same, but an error in a receiver is logged (`perilune.dispatch`) and given back as its `error`; the others are called all the same.
---@param sender? any
---@param event? table
---@return perilune.signals.Result[]
function Signal:send_robust(sender, event) end

---@class perilune.signals.SignalOpts
---@field name? string for messages, and for C modules that connect to it

---A signal of your own.
---@param options? perilune.signals.SignalOpts
---@return perilune.signals.Signal
function signals.Signal(options) end

---One whose senders are models, which may be named before they are defined.
---@param options? perilune.signals.SignalOpts
---@return perilune.signals.Signal
function signals.ModelSignal(options) end

---Connects a function to one signal or to several, and gives it back; without the function, gives what takes it.
---@param list perilune.signals.Signal|perilune.signals.Signal[]
---@param options? perilune.signals.ConnectOpts
---@param receiver? perilune.signals.Receiver
---@return perilune.signals.Receiver
function signals.receiver(list, options, receiver) end

---For tests: `signals.disabled{ signals.post_save }(fn)` runs `fn`, and nobody in this process is told of those signals meanwhile.
---@param list perilune.signals.Signal|perilune.signals.Signal[]
---@return fun(fn: function, ...: any): any
function signals.disabled(list) end

return signals
