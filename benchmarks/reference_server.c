/* A reference model server for benchmarks: OpenAI chat completions over HTTP/1.1, faster than any client.
 *
 * One thread, epoll, no allocation while answering. Every write is due at an absolute time counted
 * from the moment the request was read, so a late write never moves the next one; the epoll wait has
 * nanoseconds (timerfd). With --stamps every content chunk carries "t_ns", the CLOCK_MONOTONIC time
 * at which it was written, the clock that a client on the same machine reads; and "read_ns", that at which
 * its answer was begun: on reading its request, or when a place was free (--slots).
 *
 *   --first-ms F   request read to first content chunk          --gap-ms F    between content chunks
 *   --chunks N     content chunks of an answer                  --tokens N    tokens in each chunk
 *   --role         a role-only chunk with the headers           --text S      what one token is
 *   --stamps       put "t_ns", "read_ns" into content           --answer S    the whole answer as one chunk
 *   --fail-every N every Nth request gets 500                   --cut-every N every Nth is cut half way
 *   --count-prefix S  only requests whose last message starts so are counted and numbered
 *   --fail-of-100 K  K of every hundred requests get 500, spread evenly
 *   --slots N      answer N requests at once; the others wait their turn, first come first served
 *   --freeze-at-ms F --freeze-ms F  nothing at all is written in that time after the first request
 *   --freeze-skip N  ... after request N + 1
 *   --die-at N       the process kills itself as it has read request N
 *
 * Prints "READY port=N" on standard output. GET /v1/models and /health answer at once.
 * GET /counts: {"requests": n, "distinct": d, "repeated": r}, by the hash of the last user message.
 * GET /reset empties the counts. Bound to 127.0.0.1. Ends on SIGTERM, and when standard input closes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define IN_BYTES (1 << 20)
#define MAX_KEYS (1 << 16)

static struct {
    double first_ms, gap_ms, freeze_at_ms, freeze_ms;
    int chunks, tokens, role, stamps, fail_every, fail_of_100, cut_every, slots, freeze_skip, die_at, port;
    const char *text, *answer, *count_prefix;
} opt = {.chunks = 1, .tokens = 1, .text = "ok ", .count_prefix = ""};

typedef struct {
    int fd, open, busy, next_chunk, cut_at, usage, streams, in_slot, in_queue, heap_at;
    int64_t zero_ns, due_ns;
    char *in;
    size_t in_len;
} Conn;

static Conn conns[MAX_CONNECTIONS];
static Conn *heap[MAX_CONNECTIONS + 1];
static int heap_len;
static Conn *queue[MAX_CONNECTIONS];
static int queue_at, queue_len, slots_taken;
static uint64_t keys[MAX_KEYS];
static long requests, distinct;
static int64_t first_request_ns;
static int poll_fd, timer_fd;
static int64_t armed_ns;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- a binary heap of connections by the time of their next write ---- */

static void heap_put(int at, Conn *c) { heap[at] = c; c->heap_at = at; }

static void heap_up(int at) {
    Conn *c = heap[at];
    for (; at > 1 && heap[at / 2]->due_ns > c->due_ns; at /= 2) heap_put(at, heap[at / 2]);
    heap_put(at, c);
}

static void heap_down(int at) {
    Conn *c = heap[at];
    for (;;) {
        int child = at * 2;
        if (child > heap_len) break;
        if (child < heap_len && heap[child + 1]->due_ns < heap[child]->due_ns) child++;
        if (heap[child]->due_ns >= c->due_ns) break;
        heap_put(at, heap[child]);
        at = child;
    }
    heap_put(at, c);
}

static void heap_add(Conn *c) { heap[++heap_len] = c; heap_up(heap_len); }

static void heap_remove(Conn *c) {
    int at = c->heap_at;
    if (!at) return;
    c->heap_at = 0;
    Conn *last = heap[heap_len--];
    if (last == c) return;
    heap_put(at, last);
    heap_up(at);
    heap_down(last->heap_at);
}

/* ---- writing ---- */

static void leave_slot(Conn *c);

static void conn_close(Conn *c) {
    heap_remove(c);
    close(c->fd);
    c->open = c->busy = c->in_queue = 0;
    c->in_len = 0;
    leave_slot(c);
}

/* The kernel's send buffer holds far more than one answer; a client that never reads is dropped. */
static int put(Conn *c, const char *data, size_t len) {
    if (send(c->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len) return 1;
    conn_close(c);
    return 0;
}

static int put_plain(Conn *c, int status, const char *body) {
    char out[1024];
    int n = snprintf(out, sizeof out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     status, status == 200 ? "OK" : "Error", strlen(body), body);
    return put(c, out, (size_t)n);
}

static size_t frame(char *out, const char *json) {
    return (size_t)sprintf(out, "%zx\r\ndata: %s\n\n\r\n", strlen(json) + 8, json);
}

static size_t json_text(char *out, const char *s) {
    char *p = out;
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') *p++ = '\\', *p++ = *s;
        else if (*s == '\n') *p++ = '\\', *p++ = 'n';
        else *p++ = *s;
    }
    *p = 0;
    return (size_t)(p - out);
}

static const char HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
#define START "{\"id\":\"r\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"reference\",\"choices\":"

static size_t content_frame(char *out, int64_t at_ns, int64_t read_ns) {
    char json[16384], text[8192], *p = json;
    size_t n = 0;
    if (opt.answer) n = json_text(text, opt.answer);
    else for (int i = 0; i < opt.tokens && n < sizeof text / 2; i++) n += json_text(text + n, opt.text);
    p += sprintf(p, START "[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]", text);
    if (opt.stamps)
        p += sprintf(p, ",\"t_ns\":%lld,\"read_ns\":%lld,\"tokens\":%d", (long long)at_ns, (long long)read_ns, opt.tokens);
    strcpy(p, "}");
    return frame(out, json);
}

static size_t closing_frames(char *out, int usage) {
    char json[512], *p = out;
    p += frame(p, START "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
    if (usage) {
        int said = opt.chunks * opt.tokens;
        sprintf(json, START "[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":%d,\"total_tokens\":%d}}", said, said + 8);
        p += frame(p, json);
    }
    p += frame(p, "[DONE]");
    p += sprintf(p, "0\r\n\r\n");
    return (size_t)(p - out);
}

static int64_t due_of(const Conn *c, int chunk) {
    return c->zero_ns + (int64_t)((opt.first_ms + chunk * opt.gap_ms) * 1e6);
}

static void serve(Conn *c);

/* Write every chunk that is due; with the last one the end of the answer. */
static void write_due(Conn *c) {
    static char out[1 << 20];
    char *p = out;
    int64_t now = now_ns();
    heap_remove(c);
    while (c->next_chunk < opt.chunks && due_of(c, c->next_chunk) <= now && p - out < (1 << 20) - 65536) {
        if (c->next_chunk == c->cut_at) {
            if (p == out || put(c, out, (size_t)(p - out))) conn_close(c);
            return;
        }
        p += content_frame(p, now_ns(), c->zero_ns);
        c->next_chunk++;
    }
    int done = c->next_chunk >= opt.chunks;
    if (done) p += closing_frames(p, c->usage);
    if (p > out && !put(c, out, (size_t)(p - out))) return;
    if (done) {
        c->busy = 0;
        leave_slot(c);
        serve(c);
        return;
    }
    c->due_ns = due_of(c, c->next_chunk);
    heap_add(c);
}

/* ---- reading ---- */

static uint64_t hash(const char *data, size_t len) {
    uint64_t h = 1469598103934665603ULL;
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)data[i]) * 1099511628211ULL;
    return h ? h : 1;
}

/* What makes a request distinct: the text of the last "content" in the body. */
static int count(const char *body, size_t len) {
    const char *last = NULL, *at = body, *end = body + len;
    while ((at = memmem(at, (size_t)(end - at), "\"content\"", 9)) != NULL) last = at += 9;
    size_t n = 0;
    if (last) {
        while (last < end && *last != '"') last++;
        for (last++; last + n < end && last[n] != '"'; n++)
            if (last[n] == '\\') n++;
        if (last + n > end) n = (size_t)(end - last);
    } else last = body, n = len;
    size_t wanted = strlen(opt.count_prefix);
    if (n < wanted || memcmp(last, opt.count_prefix, wanted)) return 0;
    uint64_t h = hash(last, n);
    requests++;
    for (size_t slot = h % MAX_KEYS, tries = 0; tries < MAX_KEYS; slot = (slot + 1) % MAX_KEYS, tries++) {
        if (keys[slot] == h) return 1;
        if (!keys[slot]) { keys[slot] = h; distinct++; return 1; }
    }
    return 1;
}

/* Begin the answer: its times count from here. */
static void begin(Conn *c) {
    c->in_slot = 1;
    slots_taken++;
    c->zero_ns = now_ns();
    c->next_chunk = 0;
    if (!c->streams) {
        /* Peers that do not stream get the whole answer, at the same time as its last chunk. */
        c->next_chunk = -1;
    } else if (opt.first_ms > 0 || opt.role) {
        char head[1024];
        size_t n = sizeof HEAD - 1;
        memcpy(head, HEAD, n);
        if (opt.role) n += frame(head + n, START "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}");
        if (!put(c, head, n)) return;
    } else if (!put(c, HEAD, sizeof HEAD - 1)) return;
    c->due_ns = due_of(c, c->next_chunk < 0 ? opt.chunks - 1 : 0);
    heap_add(c);
}

static void leave_slot(Conn *c) {
    if (!c->in_slot) return;
    c->in_slot = 0;
    slots_taken--;
    while (queue_len) {
        Conn *next = queue[queue_at];
        queue_at = (queue_at + 1) % MAX_CONNECTIONS;
        queue_len--;
        if (!next->in_queue) continue; /* it hung up while it waited */
        next->in_queue = 0;
        begin(next);
        return;
    }
}

static void start_answer(Conn *c, const char *body, size_t len) {
    count(body, len);
    if (opt.die_at && requests == opt.die_at) raise(SIGKILL);
    if (!first_request_ns && requests > opt.freeze_skip) first_request_ns = now_ns();
    if ((opt.fail_every && requests % opt.fail_every == 0) || requests * opt.fail_of_100 % 100 < opt.fail_of_100) {
        put_plain(c, 500, "{\"error\":{\"message\":\"scripted\",\"type\":\"server_error\",\"code\":500}}");
        return;
    }
    c->cut_at = opt.cut_every && requests % opt.cut_every == 0 ? opt.chunks / 2 : -1;
    c->usage = memmem(body, len, "include_usage", 13) != NULL;
    c->streams = memmem(body, len, "\"stream\":true", 13) || memmem(body, len, "\"stream\": true", 14);
    c->busy = 1;
    if (!opt.slots || slots_taken < opt.slots) {
        begin(c);
    } else if (queue_len < MAX_CONNECTIONS) {
        c->in_queue = 1;
        queue[(queue_at + queue_len++) % MAX_CONNECTIONS] = c;
    } else conn_close(c);
}

static void write_whole(Conn *c) {
    char text[8192], body[16384], out[17408];
    size_t n = 0;
    heap_remove(c);
    if (opt.answer) n = json_text(text, opt.answer);
    else for (int i = 0; i < opt.tokens * opt.chunks && n < sizeof text / 2; i++) n += json_text(text + n, opt.text);
    int len = snprintf(body, sizeof body, "{\"id\":\"r\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"reference\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"%s\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":%d,\"total_tokens\":%d}}", text, opt.chunks * opt.tokens, opt.chunks * opt.tokens + 8);
    n = (size_t)snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len, body);
    c->busy = 0;
    if (!put(c, out, n)) return;
    leave_slot(c);
    serve(c);
}

/* Answer the whole requests in the buffer, one at a time. */
static void serve(Conn *c) {
    while (c->open && !c->busy && c->in_len) {
        char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
        if (!end) return;
        size_t head = (size_t)(end - c->in) + 4, body = 0;
        for (char *line = c->in; line < end; ) {
            if (!strncasecmp(line, "content-length:", 15)) body = strtoul(line + 15, NULL, 10);
            line = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);
            if (!line) break;
            line += 2;
        }
        if (head + body >= IN_BYTES) { conn_close(c); return; }
        if (c->in_len < head + body) return;
        if (!strncmp(c->in, "POST ", 5)) start_answer(c, c->in + head, body);
        else if (!strncmp(c->in, "GET /counts", 11)) {
            char out[128];
            snprintf(out, sizeof out, "{\"requests\":%ld,\"distinct\":%ld,\"repeated\":%ld}", requests, distinct, requests - distinct);
            put_plain(c, 200, out);
        } else if (!strncmp(c->in, "GET /reset", 10)) {
            memset(keys, 0, sizeof keys);
            requests = distinct = 0;
            first_request_ns = 0;
            put_plain(c, 200, "{}");
        } else put_plain(c, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"reference\",\"object\":\"model\"}]}");
        if (!c->open) return;
        c->in_len -= head + body;
        memmove(c->in, c->in + head + body, c->in_len);
    }
}

static void on_readable(Conn *c) {
    for (;;) {
        ssize_t n = recv(c->fd, c->in + c->in_len, IN_BYTES - c->in_len, 0);
        if (n > 0) { c->in_len += (size_t)n; serve(c); if (!c->open) return; continue; }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        conn_close(c);
        return;
    }
}

static void on_connect(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0; ) {
        if (fd >= MAX_CONNECTIONS) { close(fd); continue; }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Conn *c = &conns[fd];
        if (!c->in && !(c->in = malloc(IN_BYTES))) { close(fd); continue; }
        c->fd = fd;
        c->open = 1;
        c->busy = c->heap_at = c->in_slot = c->in_queue = 0;
        c->in_len = 0;
        struct epoll_event e = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP, .data.fd = fd};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e);
    }
}

/* ---- time ---- */

/* Within the freeze do what a frozen process does: nothing, to its end. */
static void sit_out_freeze(void) {
    if (opt.freeze_ms <= 0 || !first_request_ns) return;
    int64_t now = now_ns(), from = first_request_ns + (int64_t)(opt.freeze_at_ms * 1e6);
    int64_t to = from + (int64_t)(opt.freeze_ms * 1e6);
    if (now < from || now >= to) return;
    struct timespec until = {to / 1000000000LL, to % 1000000000LL};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
}

static void run_due(void) {
    while (heap_len && heap[1]->due_ns <= now_ns()) {
        sit_out_freeze();
        if (heap[1]->next_chunk < 0) write_whole(heap[1]);
        else write_due(heap[1]);
    }
    if (!heap_len || heap[1]->due_ns == armed_ns) return;
    armed_ns = heap[1]->due_ns;
    struct itimerspec t = {.it_value = {armed_ns / 1000000000LL, armed_ns % 1000000000LL}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void read_options(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(name, "--role")) { opt.role = 1; continue; }
        if (!strcmp(name, "--stamps")) { opt.stamps = 1; continue; }
        i++;
        if (!strcmp(name, "--first-ms")) opt.first_ms = atof(value);
        else if (!strcmp(name, "--gap-ms")) opt.gap_ms = atof(value);
        else if (!strcmp(name, "--chunks")) opt.chunks = atoi(value);
        else if (!strcmp(name, "--tokens")) opt.tokens = atoi(value);
        else if (!strcmp(name, "--text")) opt.text = value;
        else if (!strcmp(name, "--answer")) opt.answer = value;
        else if (!strcmp(name, "--fail-every")) opt.fail_every = atoi(value);
        else if (!strcmp(name, "--fail-of-100")) opt.fail_of_100 = atoi(value);
        else if (!strcmp(name, "--slots")) opt.slots = atoi(value);
        else if (!strcmp(name, "--cut-every")) opt.cut_every = atoi(value);
        else if (!strcmp(name, "--freeze-at-ms")) opt.freeze_at_ms = atof(value);
        else if (!strcmp(name, "--freeze-ms")) opt.freeze_ms = atof(value);
        else if (!strcmp(name, "--freeze-skip")) opt.freeze_skip = atoi(value);
        else if (!strcmp(name, "--die-at")) opt.die_at = atoi(value);
        else if (!strcmp(name, "--count-prefix")) opt.count_prefix = value;
        else if (!strcmp(name, "--port")) opt.port = atoi(value);
        else { fprintf(stderr, "unknown option %s\n", name); exit(2); }
    }
    if (opt.answer) opt.chunks = 1;
    if (opt.chunks < 1 || opt.tokens < 1 || strlen(opt.text) > 2000 || (opt.answer && strlen(opt.answer) > 3000)) {
        fprintf(stderr, "--chunks and --tokens are at least 1; --text and --answer are short\n");
        exit(2);
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_len = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024) || getsockname(listener, (struct sockaddr *)&at, &at_len)) {
        perror("listen");
        return 1;
    }
    poll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    /* Standard input is the parent's end of a pipe: when it closes, the parent is gone. */
    int watched[] = {listener, timer_fd, STDIN_FILENO};
    for (int i = 0; i < 3; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = watched[i]};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, watched[i], &e);
    }
    printf("READY port=%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int n = epoll_wait(poll_fd, events, 256, -1);
        sit_out_freeze();
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            uint64_t ticks;
            if (fd == listener) on_connect(listener);
            else if (fd == STDIN_FILENO) { if (read(fd, &ticks, sizeof ticks) <= 0) return 0; }
            else if (fd == timer_fd) { if (read(timer_fd, &ticks, sizeof ticks) > 0) armed_ns = 0; }
            else if (conns[fd].open) on_readable(&conns[fd]);
        }
        run_due();
    }
}
