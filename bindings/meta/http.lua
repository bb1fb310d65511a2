-- SPDX-License-Identifier: MIT
---@meta perilune.http
-- luacheck: ignore 241 (the classes below are only there to be read)

---Requests and responses, as views and middleware see them.
---@class perilune.http
---@field Http404 table the error class: `error(http.Http404("no such product"))` ends a view with 404
---@field BadHeaderError table the error class of header fields with line ends
local http = {}

-- ---- requests ----

---What a client asks for. Everything is parsed at the first look and kept. Fields that are not listed here are for middleware
---and views to attach (`request.user = …`) and are nil before. When the request has ended, every use of it raises; copies of
---its values (strings, `GET`, `POST`, `COOKIES`, `META`) stay.
---@class perilune.http.Request
---@field method string "GET", upper case
---@field path string decoded, with `settings.force_script_name` in front
---@field path_info string decoded, as routes see it
---@field full_path string path and query as they stand in a URL
---@field query_string string as the client sent it
---@field scheme string "http" or "https"
---@field headers perilune.http.RequestHeaders
---@field META table<string, string> header fields (`HTTP_USER_AGENT`) and others under the names of CGI
---@field GET perilune.http.QueryDict of the query; raises `TooManyFieldsSent`
---@field POST perilune.http.QueryDict of a form that came by POST, else empty; raises `TooManyFieldsSent`, `RequestDataTooBig`, `MultiPartParserError`, `BadRequest`
---@field FILES perilune.http.Files of a form that came by POST
---@field COOKIES table<string, string> raises `BadRequest` past 8 KiB
---@field body string raises `RawPostDataException` for a multipart form, `RequestDataTooBig`
---@field content_type string without parameters, lower case; "" for none
---@field content_params table<string, string>
---@field encoding string charset of the body; "utf-8" when it names none
---@field remote_addr string the client's address; of a trusted proxy's client
---@field request_id string? of the middleware request_id; may be set
---@field csp_nonce string for inline scripts; made at the first look
---@field resolver_match perilune.urls.Match? of the route; nil before it is found
---@field user any of the middleware auth
---@field session any of the middleware sessions
---@field [string] any what was attached
local Request = {}

---The value of the JSON body, the same one every time; null is `perilune.null`. Raises `BadRequest` with the place when the
---body is empty, no JSON, or deeper than `settings.json_max_depth`.
---@return any
function Request:json() end

---Host and port as the client named them. Raises `DisallowedHost` for one that is not in `settings.allowed_hosts`.
---@return string
function Request:get_host() end

---@return string
function Request:get_port() end

---@return boolean
function Request:is_secure() end

---@param force_append_slash? boolean default false
---@return string
function Request:get_full_path(force_append_slash) end

---The same without `settings.force_script_name`.
---@param force_append_slash? boolean default false
---@return string
function Request:get_full_path_info(force_append_slash) end

---The whole URL of a path on this site, of one relative to this page, or of the request itself. Raises `DisallowedHost`, `ValueError`.
---@param location? string|table a URL comes back as it is
---@return string
function Request:build_absolute_uri(location) end

---Does the client take this media type?
---@param media_type string
---@return boolean
function Request:accepts(media_type) end

---The media type that the client likes best; nil when it takes none.
---@param media_types string[]
---@return string?
function Request:get_preferred_type(media_types) end

---@class perilune.http.GetSignedCookieOptions
---@field default? any instead of an error; `perilune.null` gives nil
---@field salt? string as it was set
---@field max_age? number seconds

---The value of a signed cookie. Raises `KeyError` when there is none, `BadSignature` and `SignatureExpired`.
---@param key string
---@param options? perilune.http.GetSignedCookieOptions
---@return any
function Request:get_signed_cookie(key, options) end

---Header fields by name, in any case; `_` finds `-`. `pairs` gives them as they came, `#` their number.
---@class perilune.http.RequestHeaders
---@field [string] string?
local RequestHeaders = {}

---@param name string
---@param default? any
---@return any
function RequestHeaders:get(name, default) end

---@param name string
---@return boolean
function RequestHeaders:has(name) end

---The files of a form: `request.FILES.photo` is the last one of that field. `pairs` gives fields and last files, `#` the number of fields.
---@class perilune.http.Files
---@field [string] perilune.http.UploadedFile?
local Files = {}

---@param field string
---@param default? any
---@return any
function Files:get(field, default) end

---All files of a field; an empty list when there are none.
---@param field string
---@return perilune.http.UploadedFile[]
function Files:getlist(field) end

---@param field string
---@return boolean
function Files:has_key(field) end

---@return string[]
function Files:keys() end

---A file that came with a form. Its content goes with the request: what is to stay is saved before.
---@class perilune.http.UploadedFile
---@field name string as the client called it, without any path
---@field field string of the form
---@field size integer bytes
---@field content_type string as the client says; "" for none
---@field content_type_extra table<string, string> its parameters
---@field charset string?
local UploadedFile = {}

---The next n bytes, all when left out; "" at the end.
---@param n? integer
---@return string
function UploadedFile:read(n) end

---Where `read` goes on.
---@param position? integer default 0
---@return integer
function UploadedFile:seek(position) end

---@return integer
function UploadedFile:tell() end

---`for chunk in file:chunks() do`: the content from its beginning, in pieces.
---@param size? integer default 65536
---@return fun(): string?
function UploadedFile:chunks(size) end

---@param size? integer default 65536
---@return boolean
function UploadedFile:multiple_chunks(size) end

---Copies the content into a new file. A path is relative to the project; one that ends in "/" or is a folder gets the file's
---own name; folders that are missing are made. A name that is taken gets a random suffix: nothing is written over. Waits.
---Raises `SuspiciousFileOperation` for a part "..", `OSError`, `NotFoundError`, `PermissionDenied`.
---@param path string
---@return string path the one that was taken
function UploadedFile:save(path) end

-- ---- responses ----

---@class perilune.http.ResponseOptions
---@field status? integer 100 to 599; default 200
---@field content_type? string default "text/html; charset=utf-8"
---@field headers? table<string, string|number> raises `BadHeaderError` for line ends
---@field reason? string the reason phrase; default that of the status
---@field charset? string in the default content_type

---What goes back to the client. Further fields may be attached.
---@class perilune.http.Response
---@field status_code integer
---@field reason_phrase string
---@field content string raises `AttributeError` for a streaming response
---@field is_rendered boolean false for a TemplateResponse whose content is still to be made
---@field streaming boolean
---@field streaming_content (fun(): string?)? of a StreamingResponse; may be wrapped and set again
---@field content_type string?
---@field charset string of the content type; "utf-8" when it names none
---@field headers perilune.http.ResponseHeaders
---@field cookies perilune.http.Cookies that it sets
---@field url string? where a redirect leads to
---@field csrf_exempt boolean
---@field xframe_options_exempt boolean
---@field [string] any what was attached
local Response = {}

---Adds to the content.
---@param text string|number
---@return perilune.http.Response
function Response:write(text) end

---@param name string
---@return boolean
function Response:has_header(name) end

---Sets a header field unless it is there.
---@param name string
---@param value string|number
function Response:setdefault(name, value) end

---@class perilune.http.CookieOptions
---@field max_age? number|userdata seconds or a timedelta; default: until the browser is closed
---@field expires? string|userdata a datetime (instead of max_age) or the text of a date
---@field path? string|false default "/"
---@field domain? string|false
---@field secure? boolean
---@field httponly? boolean
---@field samesite? string|false "Lax", "Strict" or "None"

---Sets a cookie. Raises `ValueError` for what browsers would drop.
---@param key string
---@param value? string|number default ""
---@param options? perilune.http.CookieOptions
function Response:set_cookie(key, value, options) end

---@class perilune.http.SignedCookieOptions: perilune.http.CookieOptions
---@field salt? string

---Sets a cookie that get_signed_cookie() reads and nobody can change.
---@param key string
---@param value string|number
---@param options? perilune.http.SignedCookieOptions
function Response:set_signed_cookie(key, value, options) end

---@class perilune.http.DeleteCookieOptions
---@field path? string as it was set
---@field domain? string
---@field samesite? string

---Tells the browser to forget a cookie.
---@param key string
---@param options? perilune.http.DeleteCookieOptions
function Response:delete_cookie(key, options) end

---Header fields by name, in any case; nil removes one. Raises `BadHeaderError`. `pairs` gives them in order, `#` their number.
---@class perilune.http.ResponseHeaders
---@field [string] string|number?
local ResponseHeaders = {}

---@param name string
---@param default? any
---@return any
function ResponseHeaders:get(name, default) end

---@param name string
---@return boolean
function ResponseHeaders:has(name) end

---@param name string
---@param value string|number
function ResponseHeaders:setdefault(name, value) end

---The cookies that a response sets, by name; read-only. `pairs` gives them in order, `#` their number.
---@class perilune.http.Cookies
---@field [string] perilune.http.Cookie?

---A cookie that a response sets; `tostring` gives it as it stands in Set-Cookie.
---@class perilune.http.Cookie
---@field key string
---@field value string
---@field path string
---@field domain string
---@field expires string
---@field max_age integer?
---@field samesite string
---@field secure boolean
---@field httponly boolean

---@param content? string|number default ""
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.Response(content, options) end

---@class perilune.http.JsonOptions: perilune.http.ResponseOptions
---@field indent? integer spaces
---@field sort_keys? boolean default true
---@field ensure_ascii? boolean default true
---@field separators? string[] default { ",", ":" }
---@field safe? boolean refuse anything but an object; default false

---A value as JSON. Raises `TypeError` and `ValueError` with the place of what has no JSON form.
---@param value any
---@param options? perilune.http.JsonOptions
---@return perilune.http.Response
function http.JsonResponse(value, options) end

---@class perilune.http.StreamOptions: perilune.http.ResponseOptions
---@field close? fun() called once when the body is done with, also when the client went away

---A body that is made while it is sent, as fast as the client reads: by a function (nil ends it), a coroutine, an object that
---can be called, or from a list. `close()` of an object is called as the option `close` is.
---@param source function|thread|table|userdata
---@param options? perilune.http.StreamOptions
---@return perilune.http.Response
function http.StreamingResponse(source, options) end

---A response that is rendered late, after `process_template_response` hooks of middleware:
---until then template and context may be changed, and its content may not be read.
---@class perilune.http.TemplateResponse: perilune.http.Response
---@field template_name string|string[]|perilune.template.Template
---@field context_data? table<string, any>
local TemplateResponse = {}

---Renders now, once; later calls do nothing.
---@return perilune.http.Response response itself, or what a callback gave in its place
function TemplateResponse:render() end

---The text that render() makes its content.
---@return string
function TemplateResponse:rendered_content() end

---@param template string|string[]|perilune.template.Template
---@return perilune.template.Template
function TemplateResponse:resolve_template(template) end

---@param context? table
---@return table?
function TemplateResponse:resolve_context(context) end

---Calls fn(response) once it is rendered: at once when it is.
---@param fn fun(response: perilune.http.TemplateResponse): perilune.http.Response?
function TemplateResponse:add_post_render_callback(fn) end

---@param request perilune.http.Request
---@param template string|string[]|perilune.template.Template
---@param context? table<string, any>
---@param options? perilune.http.ResponseOptions
---@return perilune.http.TemplateResponse
function http.TemplateResponse(request, template, context, options) end

---The same without a request, and so without context processors.
---@param template string|string[]|perilune.template.Template
---@param context? table<string, any>
---@param options? perilune.http.ResponseOptions
---@return perilune.http.TemplateResponse
function http.SimpleTemplateResponse(template, context, options) end

---@class perilune.http.FileOptions
---@field as_attachment? boolean
---@field filename? string
---@field content_type? string default by the name
---@field status? integer
---@field reason? string
---@field headers? table<string, string|number>
---@field root? string folder that the path is taken below and cannot leave

---A file, with ranges and conditions when it is given by its path (relative to the project).
---@param source string|file*|table|userdata a path, an open file, or an object with read() or chunks()
---@param options? perilune.http.FileOptions
---@return perilune.http.Response
function http.FileResponse(source, options) end

---304: neither content nor type.
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.NotModified(options) end

---400
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.BadRequest(content, options) end

---403
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.Forbidden(content, options) end

---404
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.NotFound(content, options) end

---405 with Allow.
---@param methods string[] those that are allowed
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.NotAllowed(methods, content, options) end

---410
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.Gone(content, options) end

---500
---@param content? string
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.ServerError(content, options) end

-- ---- redirects ----

---@class perilune.http.RedirectOptions
---@field permanent? boolean 301 instead of 302
---@field preserve_request? boolean 307 and 308: the method and the body stay
---@field params? table of the view that is named
---@field query? table|string|perilune.http.QueryDict added to the URL
---@field fragment? string

---A redirect. Raises `NoReverseMatch`, `DisallowedRedirect` for schemes other than http, https and ftp.
---@param to string|function|table a URL, a path, the name of a view, a view, or an object with get_absolute_url()
---@param options? perilune.http.RedirectOptions
---@return perilune.http.Response
function http.redirect(to, options) end

---The URL that redirect() would take.
---@param to string|function|table
---@param params? table
---@param reverse_options? table
---@return string
function http.resolve_url(to, params, reverse_options) end

---@class perilune.http.ResponseRedirectOptions
---@field preserve_request? boolean
---@field headers? table<string, string|number>
---@field reason? string
---@field content_type? string
---@field charset? string

---302, or 307. Raises `DisallowedRedirect`.
---@param url string
---@param options? perilune.http.ResponseRedirectOptions
---@return perilune.http.Response
function http.ResponseRedirect(url, options) end

---301, or 308. Raises `DisallowedRedirect`.
---@param url string
---@param options? perilune.http.ResponseRedirectOptions
---@return perilune.http.Response
function http.ResponsePermanentRedirect(url, options) end

-- ---- shortcuts and wrappers of views ----

---A response with a template of the project rendered with the variables, those of the
---context processors behind them. Raises `TemplateDoesNotExist` and what the render raises.
---@param request perilune.http.Request
---@param template string|string[]|perilune.template.Template the first of a list that there is
---@param context? table<string, any>
---@param options? perilune.http.ResponseOptions
---@return perilune.http.Response
function http.render(request, template, context, options) end

---The one object that fits; `Http404` when there is none. Raises `MultipleObjectsReturned`.
---@param source table|userdata a model, a manager or a QuerySet
---@param ... any the conditions, as get() takes them
---@return any
function http.get_object_or_404(source, ...) end

---The objects that fit; `Http404` when there are none.
---@param source table|userdata a model, a manager or a QuerySet
---@param ... any the conditions, as filter() takes them
---@return any
function http.get_list_or_404(source, ...) end

---`require_methods{ "GET", "POST" }(view)`: 405 for other methods.
---@param methods string[]|string
---@param ... string
---@return fun(view: perilune.urls.View): perilune.urls.View
function http.require_methods(methods, ...) end

---@param view perilune.urls.View
---@return perilune.urls.View
function http.require_GET(view) end

---@param view perilune.urls.View
---@return perilune.urls.View
function http.require_POST(view) end

---GET and HEAD.
---@param view perilune.urls.View
---@return perilune.urls.View
function http.require_safe(view) end

---A path that would lead to the view only with a slash at its end stays a 404.
---@param view perilune.urls.View
---@return perilune.urls.View
function http.no_append_slash(view) end

---@class perilune.http.ConditionOptions
---@field etag? fun(request: perilune.http.Request, params: table): string?
---@field last_modified? fun(request: perilune.http.Request, params: table): userdata|number|nil a datetime, or seconds since 1970

---304 and 412 by what the functions say of the thing that the view shows, without the view being called.
---@param options perilune.http.ConditionOptions
---@return fun(view: perilune.urls.View): perilune.urls.View
function http.condition(options) end

---@param etag fun(request: perilune.http.Request, params: table): string?
---@return fun(view: perilune.urls.View): perilune.urls.View
function http.etag(etag) end

---@param last_modified fun(request: perilune.http.Request, params: table): userdata|number|nil
---@return fun(view: perilune.urls.View): perilune.urls.View
function http.last_modified(last_modified) end

-- ---- the rest ----

---@class perilune.http.QueryDictOptions
---@field mutable? boolean default false
---@field encoding? string "utf-8"

---The fields of a query string. Raises `TooManyFieldsSent`.
---@param text? string
---@param options? perilune.http.QueryDictOptions
---@return perilune.http.QueryDict
function http.QueryDict(text, options) end

---The cookies of a Cookie header.
---@param header string
---@return table<string, string>
function http.parse_cookie(header) end

return http
