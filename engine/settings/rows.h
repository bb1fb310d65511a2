/* SPDX-License-Identifier: MIT */
/* The table of settings: X(name, type, default, min, max, doc). Names are Django's in
 * lower case. Included by settings.h only. */
#ifndef SETTINGS_ROWS_H
#define SETTINGS_ROWS_H

#define SETTINGS_ANY(X, name, doc) X(name, ANY, NULL, 0, 0, doc)

/* clang-format off */
#define SETTINGS(X)                                                                                \
    /* project */                                                                                  \
    X(debug, BOOL, "false", 0, 0, "debug pages, development behaviour; never in production")       \
    X(base_dir, STR, NULL, 0, 0, "folder of the project: that of settings.lua")                    \
    X(secret_key, STR, NULL, 0, 0, "key of all signatures; keep it secret")                        \
    X(secret_key_fallbacks, LIST, "", 0, 0, "older keys, still accepted when verifying")           \
    X(allowed_hosts, LIST, "", 0, 0, "host names that the site serves: 'example.com', '.example.com', '*'") \
    X(installed_apps, LIST, "", 0, 0, "the apps of the project, in order")                         \
    SETTINGS_ANY(X, middleware, "names or functions, outermost first")                             \
    X(root_urlconf, STR, "urls", 0, 0, "module with the project's routes")                         \
    X(c_modules, LIST, "", 0, 0, "shared objects to load, relative to the project")                \
    X(append_slash, BOOL, "true", 0, 0, "redirect to the URL with a slash when only that exists")  \
    X(prepend_www, BOOL, "false", 0, 0, "redirect to www.")                                        \
    X(disallowed_user_agents, LIST, "", 0, 0, "regular expressions of user agents to refuse")      \
    X(force_script_name, STR, NULL, 0, 0, "prefix of all URLs")                                    \
    X(default_charset, STR, "utf-8", 0, 0, "charset of responses")                                 \
    X(internal_ips, LIST, "", 0, 0, "addresses that may see debug information")                    \
    X(use_x_forwarded_host, BOOL, "false", 0, 0, "take the host from X-Forwarded-Host")            \
    X(use_x_forwarded_port, BOOL, "false", 0, 0, "take the port from X-Forwarded-Port")            \
    X(secure_proxy_ssl_header, LIST, "", 0, 0, "header and value with which the proxy says https") \
    X(trusted_proxies, LIST, "", 0, 0, "addresses or networks whose X-Forwarded-For is believed")  \
    X(trust_request_id, BOOL, "false", 0, 0, "X-Request-ID of any client is taken over")           \
    X(server_header, STR, "perilune", 0, 0, "value of the Server header; empty: none")             \
    /* data */                                                                                     \
    SETTINGS_ANY(X, databases, "database aliases")                                                 \
    SETTINGS_ANY(X, database_routers, "modules that choose databases")                             \
    SETTINGS_ANY(X, caches, "cache aliases")                                                       \
    SETTINGS_ANY(X, templates, "template folders, context processors, options")                    \
    X(default_auto_field, STR, "BigAutoField", 0, 0, "type of automatic primary keys")             \
    X(cache_middleware_alias, STR, "default", 0, 0, "cache of the page-cache middlewares")         \
    X(cache_middleware_seconds, FLOAT, "600", 0, 1e9, "how long pages are kept")                   \
    X(cache_middleware_key_prefix, STR, "", 0, 0, "prefix of page-cache keys")                     \
    SETTINGS_ANY(X, storages, "file storages")                                                     \
    SETTINGS_ANY(X, fixture_dirs, "folders searched by loaddata")                                  \
    SETTINGS_ANY(X, migration_modules, "where the migrations of an app are")                       \
    SETTINGS_ANY(X, n_plus_one, "error, log or off")                                               \
    /* language and time */                                                                        \
    X(time_zone, STR, "UTC", 0, 0, "IANA name of the default time zone")                           \
    X(use_tz, BOOL, "true", 0, 0, "datetimes are aware")                                           \
    X(language_code, STR, "en", 0, 0, "default language")                                          \
    SETTINGS_ANY(X, languages, "languages of the site")                                            \
    X(language_cookie_name, STR, "django_language", 0, 0, "cookie of the chosen language")       \
    X(use_i18n, BOOL, "true", 0, 0, "translations on")                                             \
    X(locale_paths, LIST, "", 0, 0, "folders with translations")                                   \
    X(use_thousand_separator, BOOL, "false", 0, 0, "group digits of numbers in templates")         \
    X(date_format, STR, "N j, Y", 0, 0, "how dates are shown")                                     \
    X(datetime_format, STR, "N j, Y, P", 0, 0, "how datetimes are shown")                          \
    X(time_format, STR, "P", 0, 0, "how times are shown")                                          \
    X(short_date_format, STR, "m/d/Y", 0, 0, "short form of dates")                                \
    X(short_datetime_format, STR, "m/d/Y P", 0, 0, "short form of datetimes")                      \
    X(first_day_of_week, INT, "0", 0, 6, "0 is Sunday")                                            \
    X(decimal_separator, STR, ".", 0, 0, "of numbers shown")                                       \
    X(thousand_separator, STR, ",", 0, 0, "of numbers shown")                                      \
    X(number_grouping, INT, "0", 0, 9, "digits between thousand separators")                       \
    /* files */                                                                                    \
    X(static_url, STR, "/static/", 0, 0, "URL of static files")                                    \
    X(static_root, STR, NULL, 0, 0, "folder that collectstatic fills")                             \
    X(staticfiles_dirs, LIST, "", 0, 0, "further folders with static files")                       \
    X(serve_static, BOOL, "false", 0, 0, "serve static_root under static_url in production")       \
    X(static_max_age, FLOAT, "60", 0, 1e9, "seconds a client keeps a static file without asking")  \
    X(staticfiles_storage, STR, "plain", 0, 0, "plain, or manifest: names with hashes of the content") \
    X(media_url, STR, "/media/", 0, 0, "URL of uploaded files")                                    \
    X(media_root, STR, NULL, 0, 0, "folder of uploaded files")                                     \
    X(file_upload_temp_dir, STR, NULL, 0, 0, "where large uploads wait; default: the system's")    \
    X(file_upload_max_memory_size, INT, "2621440", 0, 1e15, "bytes of an upload kept in memory")   \
    X(file_upload_permissions, INT, "420", 0, 4095, "mode of saved files (0644)")                  \
    X(file_upload_directory_permissions, INT, NULL, 0, 4095, "mode of made folders")               \
    X(data_upload_max_memory_size, INT, "2621440", 0, 1e15, "bytes of a body without its files")   \
    X(data_upload_max_number_fields, INT, "1000", 0, 1e9, "fields of a query or form")             \
    X(data_upload_max_number_files, INT, "100", 0, 1e9, "files of a form")                         \
    X(body_max_bytes, INT, "104857600", 0, 1e15, "bytes of a body with its files")                 \
    X(json_max_depth, INT, "64", 1, 1000, "nesting of JSON in requests")                           \
    /* limits of the server */                                                                     \
    X(request_time_limit, FLOAT, "30", 0.05, 1e6, "seconds of running Lua per request")            \
    X(request_deadline, FLOAT, NULL, 0.05, 1e6, "seconds from first byte to response; off")        \
    X(lua_memory_limit, INT, "268435456", 4194304, 1e15, "bytes of Lua per worker")                \
    X(request_header_max_bytes, INT, "16384", 512, 1048576, "bytes of all header fields")          \
    X(request_header_max_count, INT, "100", 1, 10000, "number of header fields")                   \
    X(request_uri_max_bytes, INT, "8190", 64, 65536, "bytes of the request target")                \
    X(header_timeout, FLOAT, "10", 0.05, 1e6, "seconds for a whole request header")                \
    X(body_timeout, FLOAT, "60", 0.05, 1e6, "seconds between two pieces of a body")                \
    X(body_min_rate, FLOAT, "500", 0, 1e12, "bytes per second a body must bring, after 20 s")      \
    X(response_timeout, FLOAT, "60", 0.05, 1e6, "seconds without the client reading anything")     \
    X(keepalive_timeout, FLOAT, "75", 0, 1e6, "seconds an idle connection is kept; 0: not at all") \
    X(max_connections, INT, "16384", 1, 1e7, "connections per worker")                             \
    X(max_connections_per_ip, INT, "0", 0, 1e7, "connections of one address; 0: no limit")         \
    X(graceful_timeout, FLOAT, "30", 0, 1e6, "seconds that requests get to end at stop or reload") \
    X(workers, INT, "0", 0, 1024, "worker processes; 0: one per CPU")                              \
    X(max_requests, INT, "0", 0, 1e12, "a worker is replaced after so many requests; 0: never")    \
    X(bind, LIST, "127.0.0.1:8000", 0, 0, "addresses to listen on: ADDR:PORT or unix:PATH")        \
    X(pid_file, STR, NULL, 0, 0, "file for the master's process id")                               \
    X(unix_socket_mode, INT, "432", 0, 511, "mode of a unix socket (0660)")                        \
    X(user, STR, NULL, 0, 0, "user to become after binding")                                       \
    X(group, STR, NULL, 0, 0, "group to become after binding")                                     \
    /* logs and errors */                                                                          \
    SETTINGS_ANY(X, logging, "handlers and loggers, as Django's LOGGING")                          \
    X(access_log, STR, NULL, 0, 0, "file of the access log, '-' for standard output; off")         \
    X(access_log_format, STR, "common", 0, 0, "common, combined or json")                          \
    SETTINGS_ANY(X, admins, "who gets error mails")                                                \
    SETTINGS_ANY(X, managers, "who gets broken-link mails")                                        \
    X(template_strict, STR, "off", 0, 0, "off, log or error: names that do not resolve; log in debug") \
    X(urlize_assume_https, BOOL, "true", 0, 0, "urlize makes example.com https:, not http:")       \
    /* security middleware */                                                                      \
    X(secure_ssl_redirect, BOOL, "false", 0, 0, "redirect http to https")                          \
    X(secure_ssl_host, STR, NULL, 0, 0, "host of that redirect")                                   \
    X(secure_redirect_exempt, LIST, "", 0, 0, "regular expressions of paths without redirect")     \
    X(secure_hsts_seconds, INT, "0", 0, 1e12, "Strict-Transport-Security max-age")                 \
    X(secure_hsts_include_subdomains, BOOL, "false", 0, 0, "its includeSubDomains")                \
    X(secure_hsts_preload, BOOL, "false", 0, 0, "its preload")                                     \
    X(secure_content_type_nosniff, BOOL, "true", 0, 0, "X-Content-Type-Options: nosniff")          \
    X(secure_referrer_policy, LIST, "same-origin", 0, 0, "Referrer-Policy")                        \
    X(secure_cross_origin_opener_policy, STR, "same-origin", 0, 0, "Cross-Origin-Opener-Policy")   \
    X(secure_csp, MAP, NULL, 0, 0, "Content-Security-Policy directives")                           \
    X(secure_csp_report_only, MAP, NULL, 0, 0, "the same, reporting only")                         \
    X(x_frame_options, STR, "DENY", 0, 0, "X-Frame-Options")                                       \
    /* sessions, csrf, messages */                                                                 \
    X(session_engine, STR, "db", 0, 0, "db, cache, cached_db, file or signed_cookies")             \
    X(session_cache_alias, STR, "default", 0, 0, "cache of the sessions")                          \
    X(session_file_path, STR, NULL, 0, 0, "folder of the file sessions")                           \
    X(session_cookie_name, STR, "sessionid", 0, 0, "name of the cookie")                           \
    X(session_cookie_age, INT, "1209600", 0, 1e12, "seconds")                                      \
    X(session_cookie_domain, STR, NULL, 0, 0, "domain of the cookie")                              \
    X(session_cookie_path, STR, "/", 0, 0, "path of the cookie")                                   \
    X(session_cookie_secure, BOOL, "false", 0, 0, "https only")                                    \
    X(session_cookie_httponly, BOOL, "true", 0, 0, "hidden from scripts")                          \
    X(session_cookie_samesite, STR, "Lax", 0, 0, "SameSite of the cookie")                         \
    X(session_save_every_request, BOOL, "false", 0, 0, "also when unchanged")                      \
    X(session_expire_at_browser_close, BOOL, "false", 0, 0, "no Max-Age")                          \
    X(csrf_cookie_name, STR, "csrftoken", 0, 0, "name of the cookie")                              \
    X(csrf_cookie_age, INT, "31449600", 0, 1e12, "seconds")                                        \
    X(csrf_cookie_domain, STR, NULL, 0, 0, "domain of the cookie")                                 \
    X(csrf_cookie_path, STR, "/", 0, 0, "path of the cookie")                                      \
    X(csrf_cookie_secure, BOOL, "false", 0, 0, "https only")                                       \
    X(csrf_cookie_httponly, BOOL, "false", 0, 0, "hidden from scripts")                            \
    X(csrf_cookie_samesite, STR, "Lax", 0, 0, "SameSite of the cookie")                            \
    X(csrf_header_name, STR, "HTTP_X_CSRFTOKEN", 0, 0, "header with the token")                    \
    X(csrf_trusted_origins, LIST, "", 0, 0, "origins that may post: https://*.example.com")        \
    X(csrf_use_sessions, BOOL, "false", 0, 0, "token in the session")                              \
    SETTINGS_ANY(X, csrf_failure_view, "view of refused requests")                                 \
    X(message_storage, STR, "fallback", 0, 0, "fallback, cookie or session")                       \
    SETTINGS_ANY(X, message_tags, "CSS classes of message levels")                                 \
    X(message_level, INT, "20", 0, 1000, "lowest level recorded")                                  \
    /* accounts, mail */                                                                           \
    X(auth_user_model, STR, "auth.User", 0, 0, "model of users")                                   \
    X(authentication_backends, LIST, "perilune.contrib.auth.backends.ModelBackend", 0, 0, "who checks credentials") \
    SETTINGS_ANY(X, password_hashers, "first one hashes, all verify")                              \
    SETTINGS_ANY(X, auth_password_validators, "rules of passwords")                                \
    X(login_url, STR, "/accounts/login/", 0, 0, "where login_required sends")                      \
    X(login_redirect_url, STR, "/accounts/profile/", 0, 0, "after login")                          \
    X(logout_redirect_url, STR, NULL, 0, 0, "after logout")                                        \
    X(password_reset_timeout, INT, "259200", 0, 1e12, "seconds")                                   \
    X(email_backend, STR, "smtp", 0, 0, "smtp, console, file or memory")                           \
    X(email_host, STR, "localhost", 0, 0, "SMTP server")                                           \
    X(email_port, INT, "25", 1, 65535, "its port")                                                 \
    X(email_host_user, STR, "", 0, 0, "its user")                                                  \
    X(email_host_password, STR, "", 0, 0, "its password")                                          \
    X(email_use_tls, BOOL, "false", 0, 0, "STARTTLS")                                              \
    X(email_use_ssl, BOOL, "false", 0, 0, "TLS from the start")                                    \
    X(email_timeout, FLOAT, NULL, 0, 1e6, "seconds")                                               \
    X(email_file_path, STR, NULL, 0, 0, "folder of the file backend")                              \
    X(email_subject_prefix, STR, "[Perilune] ", 0, 0, "of mails to admins")                        \
    X(default_from_email, STR, "webmaster@localhost", 0, 0, "sender of mails")                     \
    X(server_email, STR, "root@localhost", 0, 0, "sender of error mails")                          \
    /* others */                                                                                   \
    SETTINGS_ANY(X, tasks, "task queues and schedule")                                             \
    SETTINGS_ANY(X, channel_layers, "channel layers")                                              \
    SETTINGS_ANY(X, rest, "REST defaults")                                                         \
    SETTINGS_ANY(X, silenced_system_checks, "checks that are not reported")                        \
    SETTINGS_ANY(X, test, "options of perilune test")                                              \
    X(signing_backend, STR, "perilune.signing.TimestampSigner", 0, 0, "signer of cookies")         \
    X(site_id, INT, NULL, 0, 1e15, "of contrib.sites")
/* clang-format on */

#endif
