# HAProxy from Debian, as its package was tested with haproxy.cfg, which is mounted.
FROM debian:bookworm-slim

ARG SHELLAC_UID=10001
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid "$SHELLAC_UID" --no-create-home shellac

USER $SHELLAC_UID:$SHELLAC_UID
EXPOSE 8443 8000
ENTRYPOINT ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
