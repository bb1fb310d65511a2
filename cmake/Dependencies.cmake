# Every library the project uses, as an imported target (docs/dependencies.md says why each).
# A module gets a library's include path only by naming it in engine/CMakeLists.txt.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
function(dependency name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(dep_${name} INTERFACE)
  target_link_libraries(dep_${name} INTERFACE PkgConfig::${name})
endfunction()

# Lua, statically where the archive is there: calls need no detour through a table, and the binary
# starts faster.  C modules of Lua find the whole interface in the binary (ENABLE_EXPORTS).
pkg_check_modules(lua REQUIRED IMPORTED_TARGET lua5.4)
find_library(PERILUNE_LUA_STATIC NAMES liblua5.4.a HINTS ${lua_LIBDIR})
add_library(dep_lua INTERFACE)
if(PERILUNE_LUA_STATIC)
  target_include_directories(dep_lua SYSTEM INTERFACE ${lua_INCLUDE_DIRS})
  target_link_libraries(dep_lua INTERFACE -Wl,--whole-archive ${PERILUNE_LUA_STATIC}
    -Wl,--no-whole-archive m ${CMAKE_DL_LIBS})
else()
  target_link_libraries(dep_lua INTERFACE PkgConfig::lua)
endif()


# libmicrohttpd, statically in the version whose memory pool engine/http/mhd_wrap.c knows, so
# that it may take the place of one of its functions; dynamically otherwise.
pkg_check_modules(microhttpd REQUIRED IMPORTED_TARGET libmicrohttpd)
find_library(PERILUNE_MICROHTTPD_STATIC NAMES libmicrohttpd.a HINTS ${microhttpd_LIBDIR})
add_library(dep_microhttpd INTERFACE)
if(PERILUNE_MICROHTTPD_STATIC AND microhttpd_VERSION VERSION_EQUAL 0.9.75)
  set(PERILUNE_MHD_POOL ON)
  target_include_directories(dep_microhttpd SYSTEM INTERFACE ${microhttpd_INCLUDE_DIRS})
  find_library(PERILUNE_GNUTLS NAMES gnutls REQUIRED) # its TLS half wants it; we do not use it
  target_link_libraries(dep_microhttpd INTERFACE ${PERILUNE_MICROHTTPD_STATIC} ${PERILUNE_GNUTLS}
    Threads::Threads)
else()
  message(STATUS "libmicrohttpd ${microhttpd_VERSION} is linked dynamically: its pool is cleared")
  target_link_libraries(dep_microhttpd INTERFACE PkgConfig::microhttpd)
endif()

dependency(uv libuv)
dependency(pcre2 libpcre2-8)
dependency(crypto libcrypto)
dependency(zlib zlib)
dependency(brotlienc libbrotlienc)
dependency(brotlidec libbrotlidec) # of the tests
dependency(utf8proc libutf8proc)
dependency(curl libcurl)
# Only to compile against: engine/http/client_curl.c loads the library when it is needed.
add_library(dep_curl_headers INTERFACE)
target_include_directories(dep_curl_headers SYSTEM INTERFACE ${curl_INCLUDE_DIRS})
dependency(readline readline)
dependency(sqlite3 sqlite3)
dependency(gmp gmp)
# Of hiredis the reader only: statically where the archive is there.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
find_library(PERILUNE_HIREDIS_STATIC NAMES libhiredis.a HINTS ${hiredis_LIBDIR})
add_library(dep_hiredis INTERFACE)
if(PERILUNE_HIREDIS_STATIC)
  target_link_libraries(dep_hiredis INTERFACE ${PERILUNE_HIREDIS_STATIC})
else()
  target_link_libraries(dep_hiredis INTERFACE PkgConfig::hiredis)
endif()
pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
