-- SPDX-License-Identifier: MIT
---@meta perilune.http.client
-- luacheck: ignore 241 (the classes below are only there to be read)

---Outgoing HTTP requests. They wait in their fiber; connections are kept and used again. Whatever status comes back
---is a response. What is raised when none comes: `ConnectionError` (nobody there, cut off, TLS, nonsense, too many
---redirects), `TimeoutError`, `TooLargeError`, `CancelledError`, and `ValueError` for what cannot be sent or may not
---be; all with `url` (a password in it masked) and `reason`.
---@class perilune.http.client
local client = {}

---@class perilune.http.client.File
---@field content string
---@field filename? string the field's name
---@field content_type? string by the file name

---@class perilune.http.client.Opts
---@field headers? table<string, string|number|string[]>
---@field query? string|table|perilune.http.QueryDict added to the URL's own; a list gives one pair per item
---@field json? any the body, as application/json
---@field data? string|table<string, any> the body, as a form; with `files` its text fields
---@field files? table<string, string|perilune.http.client.File|table> content, a File, an upload of request.FILES, or a list of those: the body is multipart/form-data
---@field body? string the body as it is, of whatever Content-Type `headers` says
---@field timeout? number|false seconds for all of it, redirects included; 30; false: none
---@field connect_timeout? number seconds for a connection; 10
---@field max_bytes? integer of the answer's body, unpacked; 10 MiB
---@field redirects? integer|boolean how many to follow, at most 50; 5; false: a redirect is the answer
---@field auth? string|string[] { user, password } for Basic, a string for a Bearer token; does not follow a redirect to another origin
---@field verify? boolean|string false: TLS without a look at the certificate; a file with who may vouch for servers; true
---@field proxy? string|false a proxy's URL; false: none; as the environment (http_proxy, https_proxy, no_proxy) says
---@field public_only? boolean for URLs that users gave: raises ValueError when the connection would go to this machine, a private network or anywhere else that is not public; uses no proxy

---@class perilune.http.client.RequestOpts: perilune.http.client.Opts
---@field method? string "GET"
---@field url string

---@class perilune.http.client.Response
---@field status integer
---@field headers table<string, string> by name in any case; the values of a repeated field joined with ", "
---@field body string content codings are undone
---@field url string where it came from in the end
local Response = {}

---The body as JSON. Raises ValueError when it is none.
---@return any
function Response:json() end

---Every value of a header field, in order.
---@param name string
---@return string[]
function Response:header_values(name) end

---@param opts perilune.http.client.RequestOpts
---@return perilune.http.client.Response
function client.request(opts) end

---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.get(url, opts) end

---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.post(url, opts) end

---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.put(url, opts) end

---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.patch(url, opts) end

---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.delete(url, opts) end

---The answer's header alone.
---@param url string absolute, http or https
---@param opts? perilune.http.client.Opts
---@return perilune.http.client.Response
function client.head(url, opts) end

return client
