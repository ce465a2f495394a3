#!/usr/bin/python3
"""Scripts that try to get out of the sandbox, or to end the server: each is answered, the server lives on, and where
redis-server survives it, too, both say the same.

Usage: server_hostile_scripts.py HEARTH_SERVER"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import ReplyError, Server, run_tests  # noqa: E402

sys.setrecursionlimit(20000)  # Replies nest as deep as Lua's stack lets them.

# Nothing here ends redis-server 7.0.15.
SAME = [
    # What is not there, or only to be read.
    "return os.execute('true')", "return io.open('/etc/passwd')", "return debug.getregistry()",
    "return package.loadlib('a', 'b')", "return require('os')", "return dofile('/etc/passwd')",
    "return loadfile('/etc/passwd')", "return newproxy(true)", "return getfenv(0)", "return setfenv(1, {})",
    "return module('a')", "print('a')", "a = 1", "_G.a = 1", "_G = nil", "rawset(_G, 'a', 1)",
    "setmetatable(_G, nil)", "setmetatable(_G, {})", "getmetatable(_G).__index = nil", "return _G.a", "return rawget(_G, 'a')",
    "getmetatable('').__index = nil", "getmetatable('').__index.upper = nil", "getmetatable('').__tostring = error",
    "setmetatable(getmetatable(''), {__index = error})", "rawset(getmetatable(''), '__index', {})",
    "setmetatable(string, {__index = error})", "setmetatable(redis, nil)", "string.upper = nil", "table.insert(table, 1)",
    "table.sort({3, 1, 2}, function() return true end)", "rawset(redis, 'call', error)", "redis.call = error", "math.random = nil",
    "cjson.null = 1", "for k in pairs(_G) do _G[k] = nil end", "return next(getmetatable(redis) or {}) == nil",
    "return type(next(_G))", "table.remove(redis) return type(redis.call)", "string.gsub('a', 'a', _G) return 1",
    "return tostring(setmetatable({}, {__tostring = function() return 5 end}))",
    # Bytecode.
    "return loadstring(string.dump(function() end))", "return load(function() return '\\27Lua' end)",
    "return {loadstring('\\27LuaQ')}", "return string.dump(print)", "return string.dump(pcall)",
    # Errors that are objects.
    "error(setmetatable({}, {__index = {err = 'MY own'}}))", "error({err = 'A b', source = {}, line = {}})",
    "return #{pcall(error, string)}", "error(nil)", "error({err = 5})",
    "error(setmetatable({}, {__newindex = function() error('no') end}))",
    "return {xpcall(function() error('a') end, function() error('b') end)}", "return {xpcall(error, error)}",
    "return pcall(pcall, error, setmetatable({}, {__index = function() error('x') end}))",
    "return {pcall(error)}", "return {err = setmetatable({}, {__tostring = error})}", "return {ok = {}}",
    "return setmetatable({}, {__index = function() error('x') end})",
    # Coroutines.
    "local function f() return coroutine.wrap(f)() end f()", "return coroutine.wrap(function() error('a') end)()",
    "return {coroutine.resume(coroutine.running())}", "return coroutine.yield()", "coroutine.wrap(redis.call)('nosuch')",
    "local c c = coroutine.wrap(function() c() end) c()", "return pcall(coroutine.wrap(function() coroutine.yield(1) end))",
    "local c = coroutine.create(function() for i = 1, 3 do coroutine.yield(i) end end) table.sort({3, 2, 1}, "
    "function() coroutine.resume(c) return false end) return coroutine.status(c)",
    # Depth.
    "local function f() return 1 + f() end return f()", "local t = {} for i = 1, 1e5 do t = {t} end return t",
    "local t = {} t[1] = t return t", "local t = {} t[1] = t return cjson.encode(t)", "return #cmsgpack.pack({{{{{}}}}})",
    "local t = {} t[1] = t return #cmsgpack.pack(t)", "return cjson.decode(('['):rep(1e5))",
    "return loadstring(('('):rep(1e4))()", "return loadstring(('{'):rep(1e4))()",
    "return loadstring('return ' .. ('-'):rep(1e5 + 1) .. '1')", "return loadstring(('do '):rep(300))()",
    "local s = 'x' for i = 1, 300 do s = 'return function() ' .. s .. ' end' end return loadstring(s)",
    "local a = setmetatable({}, {}) getmetatable(a).__index = a return a.b",
    "local a = setmetatable({}, {}) getmetatable(a).__newindex = a a.b = 1",
    "local a = setmetatable({}, {__eq = function(x, y) return x == y end}) local b = setmetatable({}, getmetatable(a)) return a == b",
    "return string.gsub('a', 'a', function(c) return string.gsub(c, 'a', error) end)",
    # Numbers that do not fit.
    "return unpack({}, 1, 1e8)", "return {unpack({1}, 2^31)}", "return {select(-2^31, 1)}", "return {select(2^31, 1)}",
    "return ('abc'):sub(-2^31, 2^31)", "return {('abc'):byte(-2^63, 2^62)}", "return ('abc'):find('b', 2^31)",
    "return string.char(256)", "return string.char(-1)", "return ('%99999d'):format(1)", "return ('%1000f'):format(1)",
    "return #('%99.99f'):format(-1e308)", "return ('%'):format()", "return ('%s%s'):format(1)", "return ('%y'):format(1)",
    "return table.concat({}, '', 1, 2^30)", "return table.concat({1, {}, 3})", "return tonumber('1', 99)",
    "return struct.pack('i33', 1)", "return struct.unpack('i', 'abc', 2^31)", "return struct.unpack('c0', '')",
    "return struct.size('c2147483648')", "return bit.tohex(1, -2^31)", "return cmsgpack.unpack_limit('a', -1, 2^31)",
    "return cmsgpack.unpack('\\221\\255\\255\\255\\255')", "return cmsgpack.unpack('\\219\\255\\255\\255\\255')",
    "cjson.decode_max_depth(0)", "cjson.encode_max_depth(-1)", "cjson.encode_number_precision(100)",
    "return cjson.encode({[2147483647] = 1})", "return cjson.encode({[1.5] = 1, [2^53] = 2})", "return cjson.encode(0/0)",
    "return cjson.decode('1e999')", "return cjson.decode('[1,]')", "return cjson.decode('\"\\\\ud800\"')",
    "for i = 1, 0, 0/0 do end return 1", "local t = {} t[0/0] = 1", "local t = {} t[nil] = 1", "return #setmetatable({}, {__len = error})",
    # Patterns.
    "return ('a'):find('[')", "return ('a'):find('%')", "return ('a'):find('(')", "return ('a'):find(')')",
    "return ('a'):find('%1')", "return ('a'):find('%f')", "return ('a'):find('%b')", "return ('a'):gsub('(a', '%1')",
    "return ('a'):gsub('a', '%2')", "return ('a'):find(('(a)'):rep(40))", "return ('a'):find('[a-')", "return ('a'):find('[%')",
    # Commands.
    "return redis.call()", "return redis.call({})", "return redis.call('eval', 'return 1', 0)", "return redis.call('multi')",
    "return redis.pcall('subscribe', 'a')", "return redis.call(unpack({}, 1, 7000))", "return redis.sha1hex()",
    "return redis.log(99, 'x')", "return redis.setresp(4)", "return redis.set_repl(99)", "return redis.error_reply('x\\r\\ny')",
    "return {err = '\\r\\n+OK'}", "return {ok = 'a\\r\\nb'}", "return {double = 0/0}", "return {big_number = '1\\r\\n2'}",
    "return collectgarbage('nosuch')", "return collectgarbage('step', -1) ~= nil", "return type(gcinfo())",
]

# These end redis-server 7.0.15, or would take all of its memory or time: what we say instead.
OURS = {
    "return #cjson.encode(('a'):rep(357913942))": "Cannot serialise string: too large",
    "local t = ('y'):rep(1e6) for i = 1, 60 do t = {t, t} end return #cjson.encode(t)": "Cannot serialise table: too large",
    "cjson.encode_sparse_array(false, 0) return #cjson.encode({[2147483647] = 1})": "Cannot serialise table: too large",
    "return unpack({}, -1, 2147483647)": "too many results to unpack",
    "return unpack({}, -2147483648, 2147483647)": "too many results to unpack",
    "return ('a'):rep(1e6):find(('a?'):rep(1e6))": "pattern too complex",
    "return ('a'):rep(1e6):gsub(('a-'):rep(1e6), '')": "pattern too complex",
    "return ('ab'):rep(2147483647)": "resulting string too large",
    "table.insert({}, -2147483648, 1)": "position out of bounds",
    "return cmsgpack.unpack(('\\145'):rep(1e5))": "stack overflow",
    "error({err = {}})": "unknown error",
    "return coroutine.wrap(function() error({}) end)()": "unknown error",
    "error(setmetatable({}, {__tostring = error}))": "unknown error",
    "local function b() error('x') end error(setmetatable({}, {__index = b}))": "user_script:1: x",
    "local function b() error('x') end error(setmetatable({}, {__index = function() "
    "error(setmetatable({}, {__index = b})) end}))": "user_script:1: x",
}


def outcome(server, script):
    """What is replied, without what differs by its nature: addresses, and how deep C and replies may nest."""
    with server.client(timeout_s=100) as client:
        try:
            heard = repr(client.call("EVAL", script, 0))
        except ReplyError as error:
            heard = "error %s" % error
    return re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"(user_script:1: |\[|\])\1+", r"\1", heard))


def assert_lives(server, script):
    assert server.is_running(), script
    with server.client() as client:
        assert client.call("PING") == "PONG", script
        assert client.call("EVAL", "return {('a'):upper(), type(redis.call), cjson.encode({1})}", 0) == [b"A", b"function", b"[1]"]


def test_nothing_gets_out(binary):
    server = Server(binary)
    stock = Server(kind="redis")
    different = []
    for script in SAME:
        ours, theirs = outcome(server, script), outcome(stock, script)
        assert_lives(server, script)
        if ours != theirs:
            different.append("%s\n    hearth: %s\n    redis:  %s" % (script, ours[:300], theirs[:300]))
    assert not different, "\n".join(different)


def test_nothing_ends_the_server(binary):
    server = Server(binary)
    for script, text in OURS.items():
        heard = outcome(server, script)
        assert heard.startswith("error ERR ") and text in heard, (script, heard)
        assert_lives(server, script)


if __name__ == "__main__":
    run_tests([test_nothing_gets_out, test_nothing_ends_the_server], (sys.argv[1],))
