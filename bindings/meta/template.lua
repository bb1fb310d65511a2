-- SPDX-License-Identifier: MIT
---@meta perilune.template

---Templates in the Django template language.
---@class perilune.template
---@field TemplateDoesNotExist perilune.ExceptionClass
---@field TemplateSyntaxError perilune.ExceptionClass
local template = {}

-- ---- rendering ----

---The template of that name (or the first of a list that there is) as text, of the project's
---engine. With a request, context processors add their variables. The text is a plain
---string: `template.safe()` it before it goes into another template.
---@param name string|string[]|perilune.template.Template
---@param context? table<string, any>|perilune.template.Context
---@param request? perilune.http.Request
---@return string
function template.render_to_string(name, context, request) end

---Raises `TemplateDoesNotExist` (with `tried`) and `TemplateSyntaxError`.
---@param name string
---@return perilune.template.Template
function template.get_template(name) end

---@param names string[]
---@return perilune.template.Template
function template.select_template(names) end

---A template of a text that has no name.
---@param text string
---@param engine? perilune.template.Engine default: the project's
---@return perilune.template.Template
function template.Template(text, engine) end

---A compiled template.
---@class perilune.template.Template
---@field name string?
---@field origin string? its file, or another name of where it came from
---@field source string
---@field engine userdata
local Template = {}

---@param context? table<string, any>|perilune.template.Context
---@param request? perilune.http.Request
---@return string
function Template:render(context, request) end

-- ---- engines ----

---@class perilune.template.EngineOptions
---@field dirs? string[] folders, relative to the project's
---@field app_dirs? boolean templates/ of the installed apps too; false, but true in settings
---@field templates? table<string, string> texts by name, looked at first
---@field autoescape? boolean default true
---@field string_if_invalid? string what a name that does not resolve prints; "%s" in it is the name
---@field libraries? table<string, perilune.template.Library|string> for {% load name %}; strings are modules
---@field builtins? (perilune.template.Library|string)[] libraries that need no {% load %}
---@field loaders? any[] "filesystem", "app_directories", { "locmem", { name = text } }, function(name) -> text, origin
---@field context_processors? (string|fun(request: perilune.http.Request): table)[]
---@field debug? boolean
---@field reload? boolean look at the files again at each render; default: debug
---@field strict? "off"|"log"|"error" names that do not resolve; default "off"

---@class perilune.template.Engine
local Engine = {}

---@param options? perilune.template.EngineOptions
---@return perilune.template.Engine
function template.Engine(options) end

---The project's engine, made of settings.templates.
---@return perilune.template.Engine
function template.engine() end

---@param name string
---@param context? table<string, any>|perilune.template.Context
---@param request? perilune.http.Request
---@return string
function Engine:render(name, context, request) end

---@param name string|string[]|perilune.template.Template
---@param context? table<string, any>|perilune.template.Context
---@param request? perilune.http.Request
---@return string
function Engine:render_to_string(name, context, request) end

---@param name string
---@return perilune.template.Template
function Engine:get_template(name) end

---@param names string[]
---@return perilune.template.Template
function Engine:select_template(names) end

---@param text string
---@return perilune.template.Template
function Engine:from_string(text) end

-- ---- variables ----

---@class perilune.template.ContextOptions
---@field autoescape? boolean
---@field use_l10n? boolean
---@field use_tz? boolean
---@field language? string|false

---Variables for a render. Inside tags it is the running render's: `context.name`,
---`context.name = value`; `get` for names that are methods.
---@class perilune.template.Context
---@field request perilune.http.Request? of a running render
---@field autoescape boolean of a running render
---@field use_tz boolean of a running render
---@field use_l10n boolean of a running render
---@field template_name string of a running render
---@field [string] any
local Context = {}

---@param values? table<string, any>
---@param options? perilune.template.ContextOptions
---@return perilune.template.Context
function template.Context(values, options) end

---@param request perilune.http.Request
---@param values? table<string, any>
---@param options? perilune.template.ContextOptions
---@return perilune.template.Context
function template.RequestContext(request, values, options) end

---@param name string
---@param default? any
---@return any
function Context:get(name, default) end

---@param name string
---@return boolean
function Context:has(name) end

---In the innermost scope.
---@param name string
---@param value any
function Context:set(name, value) end

---Where it is set already, in whatever scope; of a running render.
---@param name string
---@param value any
function Context:set_upward(name, value) end

---A new innermost scope.
---@param values? table<string, any>
---@return perilune.template.Context
function Context:push(values) end

---@param values table<string, any>
---@return perilune.template.Context
function Context:update(values) end

---Raises `ContextPopException` without a push.
function Context:pop() end

---All variables in one table.
---@return table<string, any>
function Context:flatten() end

-- ---- libraries ----

---The tags and filters of templatetags/NAME.lua, which returns it.
---@class perilune.template.Library
local Library = {}

---@return perilune.template.Library
function template.Library() end

---@class perilune.template.FilterOptions
---@field is_safe? boolean safe text stays safe
---@field needs_autoescape? boolean the last argument says whether escaping is on
---@field expects_localtime? boolean datetimes come in the current time zone
---@field stringfilter? boolean the value comes as text

---@param name string
---@param fn fun(value: any, arg?: any, autoescape?: boolean): any
---@param options? perilune.template.FilterOptions
---@return function fn
function Library:filter(name, fn, options) end

---@class perilune.template.TagOptions
---@field takes_context? boolean the context is the first argument
---@field params? string[] "a", "b?", "*", "*args", "**kwargs"; default: the function's own, all optional
---@field defaults? table<string, any>

---{% name a b=1 as variable %}
---@param name string
---@param fn function
---@param options? perilune.template.TagOptions
---@return function fn
function Library:simple_tag(name, fn, options) end

---@class perilune.template.BlockTagOptions: perilune.template.TagOptions
---@field end_name? string default "end" .. name

---{% name a %}content{% endname %}; fn(content, …)
---@param name string
---@param fn function
---@param options? perilune.template.BlockTagOptions
---@return function fn
function Library:simple_block_tag(name, fn, options) end

---{% name a %}: the template rendered with the table that fn gives.
---@param name string
---@param file string|string[]|perilune.template.Template
---@param fn function
---@param options? perilune.template.TagOptions
---@return function fn
function Library:inclusion_tag(name, file, fn, options) end

---A tag that reads what it stands for itself.
---@param name string
---@param compile fun(parser: perilune.template.Parser, token: perilune.template.Token): perilune.template.Node|fun(context: perilune.template.Context): string?
---@return function compile
function Library:tag(name, compile) end

---What a tag gives: anything with a render method. Its text is not escaped.
---@class perilune.template.Node
---@field render fun(self: perilune.template.Node, context: perilune.template.Context): string?

---@class perilune.template.Token
---@field contents string
---@field source string with its braces
---@field token_type "text"|"var"|"block"|"comment"
---@field lineno integer
local Token = {}

---Its words; quoted ones are one.
---@return string[]
function Token:split_contents() end

---Of a tag that is being compiled.
---@class perilune.template.Parser
---@field template_name string
---@field [string] any
local Parser = {}

---Up to one of the tags, which is the next token then; without names, the rest.
---@param until_tags? string[]
---@return perilune.template.NodeList
function Parser:parse(until_tags) end

---@return perilune.template.Token?
function Parser:next_token() end

function Parser:delete_first_token() end

---@param end_tag string
function Parser:skip_past(end_tag) end

---@param text string "value|filter:argument"
---@return perilune.template.FilterExpression
function Parser:compile_filter(text) end

---@class perilune.template.NodeList
local NodeList = {}

---@param context perilune.template.Context
---@return perilune.utils.safestring.SafeString|string
function NodeList:render(context) end

---@class perilune.template.FilterExpression
---@field token string its text
local FilterExpression = {}

---@param context perilune.template.Context
---@param ignore_failures? boolean nil for what does not resolve, not string_if_invalid
---@return any
function FilterExpression:resolve(context, ignore_failures) end

-- ---- values ----

---Text that is HTML already.
---@param value any
---@return perilune.utils.safestring.SafeString
function template.safe(value) end

---@param value any
---@return perilune.utils.safestring.SafeString
function template.escape(value) end

---@param value any
---@return perilune.utils.safestring.SafeString
function template.conditional_escape(value) end

---@param format string "<b>{}</b>", "{name}"
---@param ... any escaped unless safe
---@return perilune.utils.safestring.SafeString
function template.format_html(format, ...) end

---@param separator string
---@param format string
---@param rows any[][]
---@return perilune.utils.safestring.SafeString
function template.format_html_join(separator, format, rows) end

---An iterator function as something to loop over: a bare one would be called once.
---@param fn fun(): any
---@return table
function template.iterate(fn) end

---The key under which `{% cache 900 name a b %}` keeps its fragment; `cache:delete(key)` removes it.
---@param name string
---@param vary? any[] the values behind the name, in order; `perilune.null` for None
---@return string
function template.fragment_key(name, vary) end

---Templates do not call the function: it changes data.
---@generic F: function
---@param fn F
---@return F
function template.alters_data(fn) end

---Templates take the function as a value instead of calling it.
---@generic F: function
---@param fn F
---@return F
function template.do_not_call(fn) end

return template
