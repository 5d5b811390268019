-- texts as part of an address, like encodeURIComponent of JavaScript
-- by hand

CREATE FUNCTION "public"."uriComponent"("text" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN "text" ~ '^[A-Za-z0-9_.!~*''()-]*$' THEN "text" ELSE (
    SELECT string_agg(
      CASE WHEN c ~ '[A-Za-z0-9_.!~*''()-]' THEN c ELSE regexp_replace(upper(encode(convert_to(c, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '')
    FROM regexp_split_to_table("text", '') c
  ) END
$$;
