# In place of `redis`, from Debian's packages: port 6379, data in /data.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* && install -d -o redis -g redis /data
COPY redis.sh /usr/local/bin/
RUN chmod 755 /usr/local/bin/redis.sh
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["redis.sh"]
CMD ["redis-server"]
