-- The tables of the first schema (commit fb51291), as its code made them. The text never changes: old stores do not either.
CREATE TABLE lake.main."pulls"
  ("pull_id" VARCHAR NOT NULL, "dataset" VARCHAR NOT NULL, "card" VARCHAR NOT NULL, "files" MAP(VARCHAR, VARCHAR), "reader_version" VARCHAR NOT NULL, "origin" VARCHAR, "started_at" TIMESTAMPTZ, "finished_at" TIMESTAMPTZ);
CREATE TABLE lake.main."ledger"
  ("pull_id" VARCHAR NOT NULL, "table_name" VARCHAR NOT NULL, "read" BIGINT NOT NULL, "kept" BIGINT NOT NULL, "duplicate" BIGINT NOT NULL, "quarantined" BIGINT NOT NULL);
CREATE TABLE lake.main."accounts"
  ("dataset" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "observed_at" TIMESTAMPTZ, "platform" VARCHAR NOT NULL, "handle" VARCHAR, "display_name" VARCHAR, "bio" VARCHAR, "location" VARCHAR, "url" VARCHAR, "created_at" TIMESTAMPTZ, "followers" BIGINT, "following" BIGINT, "posts_total" BIGINT, "likes_total" BIGINT, "listed" BIGINT, "verified" BOOLEAN, "protected" BOOLEAN, "default_profile" BOOLEAN, "default_avatar" BOOLEAN, "avatar_phash" VARCHAR, "lang" VARCHAR, "status" VARCHAR, "extra" MAP(VARCHAR, VARCHAR), "pull_id" VARCHAR);
CREATE TABLE lake.main."posts"
  ("dataset" VARCHAR NOT NULL, "post_id" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "created_at" TIMESTAMPTZ, "text" VARCHAR, "lang" VARCHAR, "kind" VARCHAR, "ref_post_id" VARCHAR, "ref_account_id" VARCHAR, "hashtags" VARCHAR[], "urls" VARCHAR[], "mentions" VARCHAR[], "source_app" VARCHAR, "reposts" BIGINT, "likes" BIGINT, "replies" BIGINT, "quotes" BIGINT, "extra" MAP(VARCHAR, VARCHAR), "pull_id" VARCHAR);
CREATE TABLE lake.main."edges"
  ("dataset" VARCHAR NOT NULL, "source_id" VARCHAR NOT NULL, "target_id" VARCHAR NOT NULL, "kind" VARCHAR NOT NULL, "weight" DOUBLE, "first_at" TIMESTAMPTZ, "pull_id" VARCHAR);
CREATE TABLE lake.main."quarantine"
  ("pull_id" VARCHAR NOT NULL, "table_name" VARCHAR NOT NULL, "row" VARCHAR NOT NULL, "reason" VARCHAR NOT NULL, "message" VARCHAR NOT NULL, "raw" VARCHAR);
CREATE TABLE lake.main."claims"
  ("claim_id" VARCHAR NOT NULL, "dataset" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "claimant" VARCHAR NOT NULL, "claimant_kind" VARCHAR NOT NULL, "answer" VARCHAR, "kinds" VARCHAR[], "confidence" DOUBLE, "reasons" VARCHAR[], "note" VARCHAR, "evidence_at" TIMESTAMPTZ, "batch_id" VARCHAR, "scheme_version" VARCHAR, "card_hash" VARCHAR, "scores_shown" BOOLEAN, "made_at" TIMESTAMPTZ, "lead_time_s" DOUBLE, "attributes" MAP(VARCHAR, VARCHAR), "retracts" VARCHAR, "pull_id" VARCHAR);
CREATE TABLE lake.main."batches"
  ("batch_id" VARCHAR NOT NULL, "dataset" VARCHAR NOT NULL, "design" VARCHAR NOT NULL, "seed" BIGINT NOT NULL, "population" BIGINT NOT NULL, "size" BIGINT NOT NULL, "copies" BIGINT NOT NULL, "drawn_from" BIGINT NOT NULL, "made_at" TIMESTAMPTZ);
CREATE TABLE lake.main."assignments"
  ("batch_id" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "copy" BIGINT NOT NULL, "stratum" VARCHAR, "inclusion_probability" DOUBLE NOT NULL, "annotator" VARCHAR);
CREATE TABLE lake.main."annotation_log"
  ("server" VARCHAR NOT NULL, "project" VARCHAR NOT NULL, "annotation_id" VARCHAR NOT NULL, "updated_at" TIMESTAMPTZ, "event" VARCHAR NOT NULL, "payload_hash" VARCHAR NOT NULL, "claim_id" VARCHAR);
CREATE TABLE lake.main."labels"
  ("consensus_id" VARCHAR NOT NULL, "dataset" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "label" VARCHAR, "p_bot" DOUBLE, "n_claims" BIGINT NOT NULL, "status" VARCHAR NOT NULL, "method" VARCHAR NOT NULL);
CREATE TABLE lake.main."consensus_runs"
  ("dataset" VARCHAR NOT NULL, "run" BIGINT NOT NULL, "consensus_id" VARCHAR NOT NULL, "made_at" TIMESTAMPTZ);
CREATE TABLE lake.main."splits"
  ("split_id" VARCHAR NOT NULL, "dataset" VARCHAR NOT NULL, "account_id" VARCHAR NOT NULL, "part" VARCHAR NOT NULL);
CREATE TABLE lake.main."releases"
  ("name" VARCHAR NOT NULL, "version" BIGINT NOT NULL, "dataset" VARCHAR NOT NULL, "snapshot_id" BIGINT NOT NULL, "content_hash" VARCHAR NOT NULL, "consensus_id" VARCHAR NOT NULL, "suite_result" VARCHAR NOT NULL, "accepted" VARCHAR, "parent" VARCHAR, "notes" VARCHAR, "made_at" TIMESTAMPTZ);
CREATE TABLE lake.main."tags"
  ("name" VARCHAR NOT NULL, "version" BIGINT NOT NULL, "made_at" TIMESTAMPTZ);
