// A WebSocket echo server and its load client, small enough that neither is what a benchmark measures.
//
//   websocket serve PORT                          echoes every frame, unmasked, until it is killed
//   websocket load PORT CONNECTIONS SECONDS SIZE  each connection sends one message and waits for its echo, again and
//                                                 again; prints how many came back
//
// Frames are of at most 64 KiB; the client masks with zeros, so that its payload is what the server sends back.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, MOST = 4096 };

struct connection {
    int fd;
    int open; // the handshake is done
    size_t have;
    unsigned char in[ROOM];
};

static struct connection *connections[MOST];

static void die(const char *what) { perror(what); exit(1); }

static int prepare(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void put(int fd, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = write(fd, bytes, count);
        if (sent < 0 && errno == EAGAIN) continue; // one message a connection is under way: room comes
        if (sent <= 0) die("write");
        bytes += sent;
        count -= (size_t)sent;
    }
}

static struct connection *add(int epoll, int fd) {
    if (fd < 0 || fd >= MOST || prepare(fd) < 0) die("connection");
    struct connection *c = calloc(1, sizeof *c);
    if (!c) die("memory");
    c->fd = fd;
    connections[fd] = c;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
    return c;
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// The length of the frame at the front, 0 while it is not whole; where its payload begins.
static size_t frame(const struct connection *c, size_t at, size_t *start, size_t *length) {
    const unsigned char *b = c->in + at;
    size_t have = c->have - at;
    if (have < 2) return 0;
    size_t head = 2;
    *length = b[1] & 127;
    if (*length == 126) {
        if (have < 4) return 0;
        *length = (size_t)b[2] << 8 | b[3];
        head = 4;
    } else if (*length == 127) {
        fputs("frame too long\n", stderr);
        exit(1);
    }
    if (b[1] & 128) head += 4;
    *start = at + head;
    return have < head + *length ? 0 : head + *length;
}

static size_t build(unsigned char *out, const unsigned char *payload, size_t length, int masked) {
    size_t n = 0;
    out[n++] = 0x82;
    if (length < 126) {
        out[n++] = (unsigned char)(length | (masked ? 128 : 0));
    } else {
        out[n++] = 126 | (masked ? 128 : 0);
        out[n++] = (unsigned char)(length >> 8);
        out[n++] = (unsigned char)length;
    }
    if (masked) { memset(out + n, 0, 4); n += 4; }
    memcpy(out + n, payload, length);
    return n + length;
}

static int fill(struct connection *c) {
    if (c->have == ROOM) die("room");
    ssize_t got = read(c->fd, c->in + c->have, ROOM - c->have);
    if (got < 0 && errno == EAGAIN) return 1;
    if (got <= 0) return 0;
    c->have += (size_t)got;
    return 1;
}

static void drop(struct connection *c, size_t count) {
    memmove(c->in, c->in + count, c->have - count);
    c->have -= count;
}

// One head; how long it is, 0 while it is not whole.
static size_t head(struct connection *c) {
    unsigned char *end = memmem(c->in, c->have, "\r\n\r\n", 4);
    return end ? (size_t)(end - c->in) + 4 : 0;
}

static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";

// Every client of this program sends the one key of RFC 6455's example, whose answer is known.
static const char ACCEPT[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void serve(int port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, epoll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = local(port);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 512) < 0) die("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    static unsigned char out[ROOM];
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener) {
                add(epoll, accept(listener, NULL, NULL));
                continue;
            }
            struct connection *c = connections[events[i].data.fd];
            if (!fill(c)) { close(c->fd); connections[c->fd] = NULL; free(c); continue; }
            if (!c->open) {
                size_t length = head(c);
                if (!length) continue;
                drop(c, length);
                c->open = 1;
                put(c->fd, (const unsigned char *)ACCEPT, sizeof ACCEPT - 1);
            }
            size_t at = 0, n = 0, start, length, whole;
            while ((whole = frame(c, at, &start, &length)) > 0) {
                n += build(out + n, c->in + start, length, 0);
                at += whole;
            }
            if (n) put(c->fd, out, n);
            if (at) drop(c, at);
        }
    }
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(int port, int clients, double seconds, size_t size) {
    int epoll = epoll_create1(0);
    static unsigned char payload[65535], message[ROOM];
    memset(payload, 'x', sizeof payload);
    if (size > sizeof payload) die("size");
    size_t length = build(message, payload, size, 1);
    char request[256];
    int n = snprintf(request, sizeof request,
                     "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", KEY);
    for (int i = 0; i < clients; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = local(port);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
        put(add(epoll, fd)->fd, (unsigned char *)request, (size_t)n);
    }
    unsigned long echoes = 0;
    double end = now() + seconds;
    while (now() < end) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < count; i++) {
            struct connection *c = connections[events[i].data.fd];
            if (!fill(c)) { fputs("closed\n", stderr); exit(1); }
            size_t whole, start, got;
            if (!c->open) {
                if (!(whole = head(c))) continue;
                if (memcmp(c->in, "HTTP/1.1 101", 12)) { fputs("no 101\n", stderr); exit(1); }
                drop(c, whole);
                c->open = 1;
                put(c->fd, message, length);
            }
            while ((whole = frame(c, 0, &start, &got)) > 0) {
                if (got != size) { fputs("another echo\n", stderr); exit(1); }
                drop(c, whole);
                echoes++;
                put(c->fd, message, length);
            }
        }
    }
    printf("%lu\n", echoes);
}

int main(int count, char **words) {
    if (count == 3 && !strcmp(words[1], "serve")) serve(atoi(words[2]));
    else if (count == 6 && !strcmp(words[1], "load")) load(atoi(words[2]), atoi(words[3]), atof(words[4]), (size_t)atoi(words[5]));
    else { fputs("usage: websocket serve PORT | load PORT CONNECTIONS SECONDS SIZE\n", stderr); return 64; }
}
