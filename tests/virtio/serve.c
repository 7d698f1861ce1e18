/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A server on the loopback interface for tests/virtio.sh: it prints its port, and to who asks for
 * "/N" by HTTP it sends N bytes 'x'; to who sends anything else it says how much that was. One
 * connection at a time for each of its processes, of which there are two. It ends when its standard
 * input does.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        bytes += done;
        n -= (size_t)done;
    }
}

static void answer(int fd)
{
    char buf[4096], x[4096];
    memset(x, 'x', sizeof x);
    ssize_t n = recv(fd, buf, sizeof buf - 1, 0);
    size_t all = n > 0 ? (size_t)n : 0;
    buf[all] = 0;
    if (strncmp(buf, "GET /", 5) == 0) {
        long left = atol(buf + 5);
        const char head[] = "HTTP/1.0 200 OK\r\n\r\n";
        send_all(fd, head, sizeof head - 1);
        for (; left > 0; left -= (long)sizeof x)
            send_all(fd, x, left < (long)sizeof x ? (size_t)left : sizeof x);
        return;
    }
    while (all < 1000000 && (n = recv(fd, buf, sizeof buf, 0)) > 0)
        all += (size_t)n;
    snprintf(buf, sizeof buf, "%zu\n", all);
    send_all(fd, buf, strlen(buf));
}

int main(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(s, (struct sockaddr *)&at, size) != 0 || listen(s, 8) != 0 ||
        getsockname(s, (struct sockaddr *)&at, &size) != 0)
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    if (fork() == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        struct pollfd p[2] = {{.fd = s, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        if (poll(p, 2, -1) < 0 || p[1].revents)
            return 0;
        int fd = accept(s, NULL, NULL);
        if (fd < 0) /* the other process was quicker */
            continue;
        answer(fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}
