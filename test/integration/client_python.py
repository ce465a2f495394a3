#!/usr/bin/python3
"""Debian's python3-redis, a client that nobody here wrote: the same calls to redis-server and to Hearth, what they return
compared; large pipelines and values; and a pool of connections while
the server is killed.

Usage: client_python.py HEARTH_SERVER"""
import pathlib
import sys
import threading
import time

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests  # noqa: E402
from replication import stock_redis  # noqa: E402

ELEMENTS = 3000


def strings(r):
    yield r.set("binary", bytes(range(256))), r.get("binary")
    yield r.set("nx", 1, ex=100, nx=True), r.set("nx", 2, nx=True), r.set("nx", 3, get=True, keepttl=True), r.ttl("nx")
    yield r.getex("nx", persist=True), r.ttl("nx"), r.getdel("nx"), r.getdel("nx")
    yield r.incrby("n", 5), r.decr("n"), r.incrbyfloat("f", 1.1), r.append("s", "abc"), r.setrange("s", 1, "x")
    yield r.mset({"k%d" % i: i for i in range(5)}), r.mget("k1", "none"), r.msetnx({"k1": 1, "k9": 1})
    yield r.setbit("bits", 7, 1), r.bitcount("bits"), r.bitpos("bits", 1), r.bitop("NOT", "not", "bits")
    yield r.bitfield("bf").set("u8", "#0", 255).overflow("SAT").incrby("u8", "#0", 9).get("u4", 0).execute()
    yield r.lcs("s", "s", idx=True), r.pfadd("p", *range(100)), r.pfcount("p"), r.pfmerge("q", "p"), r.dump("p")
    yield r.restore("again", 0, r.dump("s")), r.get("again"), r.copy("s", "t"), r.rename("t", "u"), r.type("u")


def collections(r):
    yield r.hset("h", mapping={"a": 1, "b": 2.5}), r.hgetall("h"), r.hincrbyfloat("h", "b", 1), r.hmget("h", "a", "x")
    yield r.rpush("l", *range(9)), r.lpos("l", 3), r.lmove("l", "m", "LEFT", "RIGHT"), r.lrange("l", 0, -1)
    yield r.lmpop(2, "l", "m", direction="RIGHT", count=2), r.blpop("m", 1), r.blmove("l", "m", 1), r.lpop("l", 2)
    yield r.sadd("s1", *range(5)), r.sadd("s2", 3, 4, 9), r.sinter("s1", "s2"), r.smismember("s1", [1, 8])
    yield r.zadd("z", {"a": 1, "b": 2.5, "c": float("inf")}), r.zadd("z", {"a": 3}, gt=True, ch=True)
    yield r.zrange("z", 0, -1, withscores=True), r.zrangebyscore("z", "-inf", "(4"), r.zmscore("z", ["a", "x"])
    yield r.zunion(["z", "z"], withscores=True), r.zpopmax("z"), r.bzpopmin("z", 1), r.zrangestore("y", "z", 0, -1)
    yield r.geoadd("g", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]), r.geopos("g", "Palermo")
    yield r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", withdist=True, withcoord=True, sort="ASC")
    yield r.sort("s2", desc=True, store="sorted"), r.lrange("sorted", 0, -1)


def streams(r):
    yield r.xadd("x", {"a": 1}, id="1-1"), r.xadd("x", {"b": 2}, id="1-*"), r.xrange("x"), r.xread({"x": 0}, count=1)
    yield r.xgroup_create("x", "g", id=0), r.xreadgroup("g", "c", {"x": ">"}), r.xpending("x", "g"), r.xack("x", "g", "1-1")
    yield r.xautoclaim("x", "g", "d", 0), r.xinfo_groups("x"), r.xinfo_stream("x"), r.xread({"x": "$"}, block=10)


def scans(r):
    pipeline = r.pipeline(transaction=False)
    for i in range(ELEMENTS):
        pipeline.set("scan:%d" % i, i).sadd("many", i).hset("fields", i, i).zadd("ranks", {i: i})
    yield len(pipeline.execute())
    yield sorted(set(r.scan_iter("scan:*", count=100))) == sorted(b"scan:%d" % i for i in range(ELEMENTS))
    yield len(set(r.sscan_iter("many"))), len(dict(r.hscan_iter("fields", match="1*"))), len(set(r.zscan_iter("ranks")))
    yield sorted(r.scan_iter(_type="zset"))


def transactions(r):
    yield r.pipeline().set("t", "x").lpush("t", 1).get("t").execute(raise_on_error=False)[2]
    yield r.transaction(lambda pipe: (pipe.multi(), pipe.incr("counted")), "counted")
    pipeline = r.pipeline()
    pipeline.watch("watched")
    r.set("watched", 1)
    pipeline.multi()
    pipeline.set("watched", 2)
    yield pipeline.execute()


def scripts(r):
    yield r.register_script("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}")(keys=["made"], args=["x"])
    lock = r.lock("lock", timeout=5)
    yield lock.acquire(), lock.owned(), lock.extend(3), lock.release(), r.exists("lock")


def messages(r):
    subscriber = r.pubsub()
    subscriber.subscribe("c")
    subscriber.psubscribe("c*")
    yield subscriber.get_message(timeout=5), subscriber.get_message(timeout=5)
    yield r.publish("c", "m"), subscriber.get_message(timeout=5), subscriber.get_message(timeout=5), r.pubsub_numsub("c")
    subscriber.close()


def errors(r):
    for call in (lambda: r.lpush("text", 1), lambda: r.xgroup_create("x", "g"), lambda: r.execute_command("NO", "SUCH"),
                 lambda: r.restore("text", 0, b"damaged"), lambda: r.execute_command("SET", "a"),
                 lambda: r.xreadgroup("none", "c", {"x": ">"})):
        r.set("text", "t")
        try:
            yield call()
        except redis.RedisError as error:
            yield type(error).__name__, str(error)


def collect(server, walk):
    results = []
    try:
        with redis.Redis(port=server.port, socket_timeout=20) as client:
            for result in walk(client):
                results.append(result)
    except redis.RedisError as error:
        results.append((type(error).__name__, str(error)))
    return results


def test_calls_return_what_they_return_of_redis(binary):
    hearth, stock = Server(binary), stock_redis()
    for walk in (strings, collections, streams, scans, transactions, scripts, messages, errors):
        ours, theirs = collect(hearth, walk), collect(stock, walk)
        assert len(ours) == len(theirs), (walk.__name__, ours[-1], theirs[-1])
        for ours_one, theirs_one in zip(ours, theirs):
            assert ours_one == theirs_one, (walk.__name__, ours_one, theirs_one)


def test_large_pipelines_and_values(binary):
    server = Server(binary)
    with redis.Redis(port=server.port, socket_timeout=60) as client:
        for transaction in (False, True):
            pipeline = client.pipeline(transaction=transaction)
            for i in range(100000):
                pipeline.incr("count:%d" % (i % 1000))
            assert sum(pipeline.execute()) == 1000 * (5050 if not transaction else 15050)
        value = bytes(range(256)) * 80000
        assert client.set("big", value) and client.get("big") == value and client.getrange("big", -3, -1) == value[-3:]


def test_a_pool_lives_through_kills(binary):
    """Blocked, idle and busy connections of one pool; every increment that was acknowledged is there."""
    server = Server(binary)
    client = redis.Redis(port=server.port, socket_timeout=20, retry_on_error=[redis.ConnectionError])
    counts = [0] * 4
    is_over = threading.Event()

    def count(i):
        while not is_over.is_set():
            try:
                client.rpush("worker:%d" % i, counts[i])
                counts[i] += 1
            except redis.ConnectionError:
                time.sleep(0.01)

    workers = [threading.Thread(target=count, args=(i,)) for i in range(len(counts))]
    for worker in workers:
        worker.start()
    for _ in range(3):
        time.sleep(0.2)
        server.kill()
        server.start()
    is_over.set()
    for worker in workers:
        worker.join()
    for i, acknowledged in enumerate(counts):
        there = {int(word) for word in client.lrange("worker:%d" % i, 0, -1)}
        assert acknowledged > 0 and there >= set(range(acknowledged)), (i, acknowledged)


if __name__ == "__main__":
    run_tests([test_calls_return_what_they_return_of_redis, test_large_pipelines_and_values,
               test_a_pool_lives_through_kills], (sys.argv[1],))
