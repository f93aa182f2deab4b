# In place of `apache/kafka`, from Debian's Java and the jars of `onsale up`: KAFKA_* as there, data in KAFKA_LOG_DIRS.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends default-jre-headless \
 && rm -rf /var/lib/apt/lists/* && useradd --system --no-create-home kafka && install -d -o kafka /var/lib/kafka/data
COPY jars /opt/kafka
COPY kafka.sh /usr/local/bin/
RUN chmod 755 /usr/local/bin/kafka.sh
VOLUME /var/lib/kafka/data
EXPOSE 9092
ENTRYPOINT ["kafka.sh"]
CMD ["kafka.Kafka"]
