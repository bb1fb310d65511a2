-- SPDX-License-Identifier: MIT
---@meta perilune.test
-- luacheck: ignore 241 (the classes below are only there to be read)

---What the tests of an app are written with; `perilune test` runs them. Test files have `describe`, `it`, `before_each`, `after_each`,
---`setup`, `teardown`, `pending`, `finally` and `assert` as globals.
---@class perilune.test
---@field client perilune.test.Client the running test's own
---@field assert perilune.test.assert
---@field outbox table[] what was mailed; empty when a test begins
local test = {}

---@class perilune.test.BlockOptions
---@field transaction? boolean nothing is wrapped in a transaction: commits are real, and the databases are put back after each test
---@field settings? table<string, any> in force inside
---@field fixtures? string[] loaded before the block's tests
---@field tags? string[] for --tag and --exclude-tag; `#slow` in the name is one too

---A block of tests.
---@param name string
---@param options perilune.test.BlockOptions|fun()
---@param fn? fun()
function test.describe(name, options, fn) end

---A test.
---@param name string
---@param options perilune.test.BlockOptions|fun()
---@param fn? fun()
function test.it(name, options, fn) end

---A test that does not run yet.
---@param name string
---@param fn? fun()
function test.pending(name, fn) end

---Before each test of the block and of those inside of it.
---@param fn fun()
function test.before_each(fn) end

---After each test, whatever came of it.
---@param fn fun()
function test.after_each(fn) end

---Once before the block's tests; rows that it makes are there in each of them.
---@param fn fun()
function test.setup(fn) end

---Once after the block's tests.
---@param fn fun()
function test.teardown(fn) end

---fn runs when the test ends, whatever comes of it.
---@param fn fun()
function test.finally(fn) end

---Ends the test with a message.
---@param message string
function test.fail(message) end

---The error that fn raises; fails when it raises none.
---@param fn fun()
---@return perilune.exceptions.Exception
function test.catch(fn) end

---Replaces settings while fn runs, or, without fn, until the test ends. `perilune.null`: as if it were not set.
---@param settings table<string, any>
---@param fn? fun(...): ...
---@param ... any for fn
---@return any ... what fn gives
function test.override_settings(settings, fn, ...) end

---Runs a command, as `commands.call` does.
---@param name string
---@param ... any texts and numbers, and at the end a table of options
---@return string what it wrote to standard output
function test.call_command(name, ...) end

---Runs fn and gives the functions that it gave to `db.on_commit`. A test is never committed, so that they do not run by themselves.
---@param fn fun()
---@param options? { using?: string, execute?: boolean } execute: they run when fn has returned
---@return fun()[]
function test.capture_on_commit(fn, options) end

---Runs fn and gives what was logged meanwhile.
---@param fn fun()
---@param options? { logger?: string, level?: perilune.log.Level } records of this logger and those below, of this level ("INFO") and above
---@return { level: string, levelno: integer, name: string, message: string, traceback?: string }[]
function test.capture_logs(fn, options) end

---A clock that stands still.
---@class perilune.test.Clock
local Clock = {}

---Goes on by seconds (1) or a timedelta.
---@param by? number|perilune.time.timedelta
function Clock:tick(by) end

---@param moment any as freeze_time takes it
function Clock:move_to(moment) end

---The clock shows `moment` while fn runs, or, without fn, until the test ends: for `perilune.time`, signatures, `os.time` and `os.date`.
---Waits, deadlines and the lifetimes of caches go on.
---@param moment any a datetime, a date, a text like "2026-01-31 12:00", or seconds since 1970
---@param fn? fun(clock: perilune.test.Clock, ...): ...
---@param ... any for fn
---@return any ... what fn gives; the clock without fn
function test.freeze_time(moment, fn, ...) end

---A row of the model, saved. Fields that it needs and that are not given get values that fit; rows that it points at are made.
---@param model perilune.models.Model
---@param fields? table<string, any>
---@return any
function test.factory(model, fields) end

---Makes rows of a model; calling it makes one: `products("dear", { name = "Globe" })`, names of traits first.
---@class perilune.test.Factory
---@operator call(any): any
local Factory = {}

---A row, saved.
---@param ... string|table names of traits, fields
---@return any
function Factory:create(...) end

---A row that is not saved; those it points at are.
---@param ... string|table
---@return any
function Factory:build(...) end

---@param n integer
---@param ... string|table
---@return any[]
function Factory:batch(n, ...) end

---A factory of your own; rows that others need are made by it too.
---@param model perilune.models.Model
---@param fields? table<string, any> values, functions of the number of the row, or factories; `traits = { name = { fields } }`
---@return perilune.test.Factory
function test.Factory(model, fields) end

---A function that remembers its calls, for `assert.called(spy, [times])` and `assert.called_with(spy, …)`.
---@class perilune.test.Spy
---@field calls any[][] the arguments of each, with their number in `n`
---@operator call(any): any
local Spy = {}

---@param ... any what it gives from now on
---@return perilune.test.Spy
function Spy:returns(...) end

---@param err any what it raises from now on
---@return perilune.test.Spy
function Spy:raises(err) end

---@param fn function what it calls from now on
---@return perilune.test.Spy
function Spy:invokes(fn) end

---Forgets the calls.
---@return perilune.test.Spy
function Spy:clear() end

---What it replaced is back, before the test ends.
function Spy:revert() end

---In the place of a table's function, until the test ends; calls go through. With a function, or nothing: one to hand on.
---@param target? table|function
---@param name? any
---@return perilune.test.Spy
function test.spy(target, name) end

---In the place of a table's function, until the test ends, one that gives the values (or that calls the one function given).
---@param target? table
---@param name? any
---@param ... any
---@return perilune.test.Spy
function test.stub(target, name, ...) end

---Runs fn(url) while a server answers on a free port, in this process: its answers see the rows of the test.
---@param fn fun(url: string): ...
---@return any ... what fn gives
function test.live_server(fn) end

---An assertion of your own, `assert.NAME(…)`.
---@param name string
---@param fn fun(...): boolean, string?, string? whether it holds, what to say when it does not, and of the opposite
function test.register_assertion(name, fn) end

---@class perilune.test.RequestOptions
---@field query? table|string
---@field data? table|string fields of a form, or a body
---@field files? table<string, string|{ name?: string, content: string, content_type?: string }>
---@field json? any a body of JSON
---@field headers? table<string, string>
---@field content_type? string
---@field cookies? table<string, string> for this request only
---@field secure? boolean over https
---@field remote_addr? string 127.0.0.1 otherwise
---@field server_name? string testserver otherwise
---@field follow? boolean go where redirects lead; of the client only
---@field raise_request_exception? boolean false: what a view raises becomes a 500; of the client only

---Requests without a client, for calling views and middleware by hand.
---@class perilune.test.RequestFactory
local RequestFactory = {}

---@param path string
---@param options? perilune.test.RequestOptions
---@return perilune.http.Request
function RequestFactory:get(path, options) end
RequestFactory.post, RequestFactory.put, RequestFactory.patch = RequestFactory.get, RequestFactory.get, RequestFactory.get
RequestFactory.delete, RequestFactory.head, RequestFactory.options, RequestFactory.trace = RequestFactory.get, RequestFactory.get, RequestFactory.get, RequestFactory.get

---@param method string
---@param path string
---@param options? perilune.test.RequestOptions
---@return perilune.http.Request
function RequestFactory:generic(method, path, options) end

---@param options? { headers?: table<string, string> }
---@return perilune.test.RequestFactory
function test.RequestFactory(options) end

---Sends requests through the whole chain of middleware, in this process and without a socket.
---@class perilune.test.Client
---@field cookies table<string, string> what it has been given; may be changed
local Client = {}

---@param path string
---@param options? perilune.test.RequestOptions
---@return perilune.test.Response
function Client:get(path, options) end
Client.post, Client.put, Client.patch, Client.delete = Client.get, Client.get, Client.get, Client.get
Client.head, Client.options, Client.trace = Client.get, Client.get, Client.get

---@param method string
---@param path string
---@param options? perilune.test.RequestOptions
---@return perilune.test.Response
function Client:generic(method, path, options) end

---@param options? { enforce_csrf_checks?: boolean, raise_request_exception?: boolean, headers?: table<string, string>, secure?: boolean }
---@return perilune.test.Client
function test.Client(options) end

---A response with what led to it; all fields of `perilune.http.Response` are there too.
---@class perilune.test.Response: perilune.http.Response
---@field content string the body; of a stream everything that is left of it
---@field request perilune.http.Request
---@field client perilune.test.Client
---@field templates perilune.template.Template[] that were rendered, in order
---@field context? table `response.context.products`: of the innermost template that has it; a list of all of them
---@field redirect_chain { [1]: string, [2]: integer }[] with `follow`: addresses and statuses
---@field resolver_match? table as `urls.resolve` gives it
---@field exception? perilune.exceptions.Exception what a 500 was made of
local Response = {}

---The body as data; raises ValueError when it is no JSON.
---@return any
function Response:json() end

---The pieces of a streamed body.
---@return fun(): string?
function Response:chunks() end

---Nobody reads the rest of a stream.
function Response:close() end

---`assert(value, message)` and named assertions; the wanted value comes first. `is_not`, `not`, `no` turn one round; words that only make
---it read well may be there: `assert.are.equal`, `assert.is_not_nil`, `assert.has_no.errors`.
---@class perilune.test.assert
---@operator call(any): any
---@field equal fun(want: any, got: any, message?: string) ==
---@field same fun(want: any, got: any, message?: string) what tables hold, all the way down
---@field is_true fun(value: any, message?: string)
---@field is_false fun(value: any, message?: string)
---@field is_nil fun(value: any, message?: string)
---@field is_not_nil fun(value: any, message?: string)
---@field truthy fun(value: any, message?: string)
---@field falsy fun(value: any, message?: string)
---@field is_table fun(value: any, message?: string) also string, number, integer, boolean, function, userdata, thread
---@field is_empty fun(value: any, message?: string) a text, table or QuerySet
---@field instance fun(class: table, value: any, message?: string)
---@field near fun(want: any, got: any, tolerance: any, message?: string)
---@field matches fun(pattern: string, text: string, message?: string) a Lua pattern
---@field has_error fun(fn: fun(), want?: any, message?: string): any want: a part of its text, a class, or an equal value; gives the error
---@field error_matches fun(fn: fun(), pattern: string, message?: string)
---@field raises fun(class: table, fn: fun(), text?: string, message?: string): any gives the error
---@field contains fun(response: any, text: any, options?: { count?: integer, status_code?: integer, html?: boolean, message?: string }) also of texts and lists
---@field not_contains fun(response: any, text: any, options?: { status_code?: integer, html?: boolean, message?: string })
---@field status fun(response: perilune.test.Response, status: integer, message?: string)
---@field redirects fun(response: perilune.test.Response, url: string, options?: { status_code?: integer, target_status_code?: integer, fetch_redirect_response?: boolean })
---@field url_equal fun(want: string, got: string) whatever the order of the query
---@field template_used fun(response: perilune.test.Response, name: string)
---@field template_not_used fun(response: perilune.test.Response, name: string)
---@field html_equal fun(want: any, got: any) texts or responses
---@field html_not_equal fun(want: any, got: any)
---@field in_html fun(needle: string, haystack: any, options?: { count?: integer })
---@field json_equal fun(want: any, got: any) JSON texts, data or responses
---@field num_queries fun(n: integer, fn: fun(), options?: { using?: string, at_most?: boolean })
---@field max_queries fun(n: integer, fn: fun(), options?: { using?: string })
---@field called fun(spy: perilune.test.Spy, times?: integer)
---@field called_with fun(spy: perilune.test.Spy, ...: any)
---@field queryset_equal fun(want: any, got: any, options?: { ordered?: boolean, transform?: fun(row: any): any })

return test
