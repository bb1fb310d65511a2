-- SPDX-License-Identifier: MIT
---@meta perilune.urls

---Routes: which view answers which path, and which path a name stands for.
---A list of routes is a module that returns a table of `path()` and `re_path()`, with `app_name`, and in the root
---list `handler400`, `handler403`, `handler404` and `handler500`. Errors name the line of the declaration (`ImproperlyConfigured`).
---@class perilune.urls
---@field NoReverseMatch table the error class
---@field Resolver404 table the error class, one of `Http404`
local urls = {}

---@alias perilune.urls.View fun(request: perilune.http.Request, params: table): any

---@class perilune.urls.Route
---@class perilune.urls.Include

---@class perilune.urls.RouteOptions
---@field name? string for `reverse()`
---@field kwargs? table<string, any> more parameters for the view; they override what is captured

---A route such as `"articles/<int:year>/<slug:title>/"`. Converters: str (when left out), int, slug, uuid, path and registered ones.
---@param route string without a leading slash
---@param view perilune.urls.View|perilune.urls.Include
---@param opts? perilune.urls.RouteOptions
---@return perilune.urls.Route
function urls.path(route, view, opts) end

---A route that is a regular expression in Python's syntax: `[[^archive/(?P<year>[0-9]{4})/$]]`.
---Named groups become parameters by name; when there are none, unnamed ones by number.
---@param regex string
---@param view perilune.urls.View|perilune.urls.Include
---@param opts? perilune.urls.RouteOptions
---@return perilune.urls.Route
function urls.re_path(regex, view, opts) end

---@class perilune.urls.IncludeOptions
---@field namespace? string of this instance; default: the app_name
---@field app_name? string default: the `app_name` of the list

---The routes of a module or of a list, in place of a view.
---@param target string|table "shop.urls", a list of routes, or one with `app_name`
---@param opts? perilune.urls.IncludeOptions
---@return perilune.urls.Include
function urls.include(target, opts) end

---@class perilune.urls.Converter
---@field regex string in Python's syntax
---@field to_value? fun(text: string): any the parameter; nil or a `ValueError`: the next route is tried. Default: the text
---@field to_url? fun(value: any): string|nil nil or a `ValueError`: the value does not fit. Default: the value as text

---Makes `<name:parameter>` known to `path()`, for lists that are compiled from now on.
---@param name string
---@param spec perilune.urls.Converter
function urls.register_converter(name, spec) end

---@class perilune.urls.Match
---@field view perilune.urls.View
---@field params table by name, and unnamed ones by number: what the view gets
---@field kwargs table<string, any> those with names
---@field args any[] those without
---@field url_name? string
---@field view_name string with namespaces; the function's own name when the route has none
---@field route string
---@field app_names string[]
---@field namespaces string[]
---@field namespace string "shop:admin"
---@field where string file and line of the route

---What a path leads to. Raises `Resolver404`, with `path` and `tried`.
---@param path string with its leading slash, decoded
---@param urlconf? string|table default: the project's routes
---@return perilune.urls.Match
function urls.resolve(path, urlconf) end

---The match of a path, or false.
---@param path string
---@param urlconf? string|table
---@return perilune.urls.Match|false
function urls.is_valid_path(path, urlconf) end

---@class perilune.urls.ReverseOptions
---@field query? table|perilune.http.QueryDict `{ page = 2, tag = { "a", "b" } }` in the order of its keys, or a list of `{ name, value }`
---@field fragment? string as it is
---@field current_app? string "shop:admin": the instance meant where an app has many
---@field urlconf? string|table default: the project's routes

---The URL of a name or a view, encoded: `urls.reverse("shop:detail", { pk = 3 }, { query = { q = "x" } })`.
---Raises `NoReverseMatch`; `ValueError` for parameters both by name and by position.
---@param name string|perilune.urls.View
---@param params? table by name or by position
---@param opts? perilune.urls.ReverseOptions
---@return string
function urls.reverse(name, params, opts) end

---What stands before every reversed URL; "/" unless the project is served below a path (`force_script_name`).
---@return string
function urls.get_script_prefix() end

---@param prefix string starts with "/"; a "/" is added at its end
function urls.set_script_prefix(prefix) end

return urls
