# Built in one image, run in another that holds the C library, the binary and the certificate authorities.
FROM rust:1.95-slim-trixie AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package bursar \
    && mkdir --mode=0700 /data

FROM debian:trixie-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source/target/release/bursar /usr/local/bin/bursar
# A number, so that nothing has to be added to /etc/passwd and orchestrators can see that it is not root.
COPY --from=build --chown=10001:10001 /data /var/lib/bursar
USER 10001:10001
WORKDIR /var/lib/bursar
ENV BURSAR_LISTEN=0.0.0.0:8080 \
    BURSAR_DATA_DIR=/var/lib/bursar
VOLUME /var/lib/bursar
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["bursar", "healthcheck"]
ENTRYPOINT ["bursar"]
CMD ["serve"]
